import { type InlinePart, isBlank, type ProsePart, stretchesOf, type TextPart } from './inline-parts.js';

/** How a format writes text. */
export interface ProseSyntax {
  /** Writes text, escaped as the format needs it, and what is `verbatim` as it is. */
  write(pieces: readonly (string | Verbatim)[]): string;
  /** The length of the white space at the beginning of a text's source, and of what the format puts at the beginning of a line. */
  leadingSpace(source: string): number;
}

/** What is copied. */
export interface Verbatim {
  readonly verbatim: string;
}

/** A stretch of text between two marks of a document's structure, e.g. a paragraph, to be replaced by its translation. */
export interface Prose {
  /** One line of plain text. Placeholders such as `{0}` stand for what is verbatim in it, e.g. inline code. */
  readonly text: string;
  /** Where it begins in the document, in UTF-16 code units. */
  readonly offset: number;
  /** Where the inline marks begin that a translation does not have: bold, links … */
  readonly marks: readonly number[];
  /** The source of each placeholder in the text, and the text of addresses. */
  readonly verbatim: ReadonlyMap<string, string>;
  /** Whether a translation has every placeholder, as often as the text. */
  isComplete(translation: string): boolean;
  /** The translation in the format of the document. A translation that is the text is the source, with its marks. */
  write(translation: string): string;
  /** A text with what its placeholders stand for. */
  inserted(text: string): string;
  /** The same stretch, divided at its placeholders: for a translator that loses them. */
  divided(): (string | Prose)[];
}

/** The pieces of a document in order. A string is copied as it is. */
export type Pieces = readonly (string | Prose)[];

/** Divides a document into prose, which can be translated, and everything else, which is copied byte for byte. */
export type DocumentDivider = (document: string) => Pieces;

const WORD = /[\p{L}\p{N}]/u;

/**
 * Divides a part of a document that contains inline parts, in order.
 * @param start where the part begins in the document
 * @param end where it ends
 */
export function divideInline(
  document: string,
  [start, end]: readonly [start: number, end: number],
  parts: readonly InlinePart[],
  syntax: ProseSyntax,
): (string | Prose)[] {
  const pieces: (string | Prose)[] = [];
  let position = start;
  for (const stretch of stretchesOf(parts)) {
    const prose = proseOf(document, stretch, syntax);
    if (prose === null) continue;
    pieces.push(document.slice(position, prose.offset), prose);
    position = prose.end;
  }
  pieces.push(document.slice(position, end));
  return pieces.filter((piece) => piece !== '');
}

/** The prose of a stretch without what surrounds it; null if it has no words. */
function proseOf(document: string, stretch: readonly ProsePart[], syntax: ProseSyntax): DocumentProse | null {
  const parts = trimmed(document, withoutEdges(stretch), syntax);
  const hasWords = parts.some((part) => part.kind === 'text' && WORD.test(part.text));
  return hasWords ? new DocumentProse(document, parts, syntax) : null;
}

/** Removes white space, images and the like from both ends, and marks that enclose everything. */
function withoutEdges(stretch: readonly ProsePart[]): readonly ProsePart[] {
  const isEdge = (part: ProsePart): boolean => isBlank(part) || (part.kind === 'verbatim' && !part.isWord);
  let [start, end] = [0, stretch.length];
  while (start < end) {
    const [first, last] = [stretch[start]!, stretch[end - 1]!];
    if (isEdge(first)) start += 1;
    else if (isEdge(last)) end -= 1;
    else if (first.kind === 'open' && last.kind === 'close' && first.pair === last.pair)
      [start, end] = [start + 1, end - 1];
    else break;
  }
  return stretch.slice(start, end);
}

/** Removes white space from the first and the last text. */
function trimmed(document: string, parts: readonly ProsePart[], { leadingSpace }: ProseSyntax): readonly ProsePart[] {
  return parts.map((part, index) => {
    if (part.kind !== 'text') return part;
    let trimmedPart: TextPart = part;
    if (index === 0) {
      const start = part.start + leadingSpace(document.slice(part.start, part.end));
      trimmedPart = { ...trimmedPart, start, text: trimmedPart.text.replace(LEADING_SPACE, '') };
    }
    if (index === parts.length - 1) {
      const source = document.slice(trimmedPart.start, part.end);
      const end = trimmedPart.start + withoutTrailingSpace(source).length;
      trimmedPart = { ...trimmedPart, end, text: withoutTrailingSpace(trimmedPart.text) };
    }
    return trimmedPart;
  });
}

// Not \s, which matches no-break spaces: they are characters of the text.
const LEADING_SPACE = /^[ \t\r\n\f]+/u;
const SPACES = /[ \t\r\n\f]+/gu;

/** A pattern for spaces at the end would be slow for a text with many spaces elsewhere. */
function withoutTrailingSpace(text: string): string {
  let end = text.length;
  while (end > 0 && LEADING_SPACE.test(text[end - 1]!)) end -= 1;
  return text.slice(0, end);
}

class DocumentProse implements Prose {
  readonly text: string;
  readonly offset: number;
  readonly end: number;
  readonly marks: readonly number[];
  readonly verbatim = new Map<string, string>();
  /** Matches placeholders and addresses. */
  readonly #names: RegExp;

  constructor(
    private readonly document: string,
    private readonly parts: readonly ProsePart[],
    private readonly syntax: ProseSyntax,
  ) {
    this.offset = parts[0]!.start;
    this.end = parts.at(-1)!.end;
    this.marks = parts.filter(({ kind }) => kind === 'open').map(({ start }) => start);
    const numbers = freeNumbers(parts.map((part) => (part.kind === 'text' ? part.text : '')).join(''));
    this.text = parts
      .map((part) => this.#textOf(part, numbers))
      .join('')
      .replace(SPACES, ' ');
    this.#names = patternOf([...this.verbatim.keys()]);
  }

  #textOf(part: ProsePart, numbers: Iterator<number, never>): string {
    if (part.kind === 'text') return part.text;
    if (part.kind !== 'verbatim') return '';
    const name = part.name ?? `{${numbers.next().value}}`;
    this.verbatim.set(name, this.document.slice(part.start, part.end));
    return name;
  }

  isComplete(translation: string): boolean {
    const [expected, found] = [this.#counts(this.text), this.#counts(translation)];
    return [...this.verbatim.keys()].every((name) => expected.get(name) === found.get(name));
  }

  #counts(text: string): Map<string, number> {
    const counts = new Map<string, number>();
    for (const [name] of text.matchAll(this.#names)) counts.set(name, (counts.get(name) ?? 0) + 1);
    return counts;
  }

  write(translation: string): string {
    if (translation === this.text) return this.document.slice(this.offset, this.end);
    return this.syntax.write(this.#piecesOf(translation));
  }

  inserted(text: string): string {
    return this.#piecesOf(text)
      .map((piece) => (typeof piece === 'string' ? piece : piece.verbatim))
      .join('');
  }

  #piecesOf(text: string): (string | Verbatim)[] {
    if (this.verbatim.size === 0) return [text];
    const pieces: (string | Verbatim)[] = [];
    let position = 0;
    for (const match of text.matchAll(this.#names)) {
      const verbatim = this.verbatim.get(match[0]);
      if (verbatim === undefined) continue;
      pieces.push(text.slice(position, match.index), { verbatim });
      position = match.index + match[0].length;
    }
    pieces.push(text.slice(position));
    return pieces.filter((piece) => piece !== '');
  }

  divided(): (string | Prose)[] {
    const parts = this.parts.map(
      (part): InlinePart => (part.kind === 'verbatim' ? { ...part, kind: 'boundary' } : part),
    );
    return divideInline(this.document, [this.offset, this.end], parts, this.syntax);
  }
}

/** The numbers whose placeholders a text does not contain, ascending. */
function* freeNumbers(text: string): Generator<number, never> {
  const taken = new Set(text.match(PLACEHOLDER));
  for (let number = 0; ; number += 1) if (!taken.has(`{${number}}`)) yield number;
}

const PLACEHOLDER = /\{\d+\}/gu;

/** Matches placeholders, and the addresses among names; an address that contains another one is found first. */
function patternOf(names: readonly string[]): RegExp {
  const addresses = names
    .filter((name) => !/^\{\d+\}$/u.test(name))
    .sort((a, b) => b.length - a.length)
    .map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/gu, '\\$&'));
  return new RegExp([...addresses, PLACEHOLDER.source].join('|'), 'gu');
}
