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
  const [first, last] = [stretch[0], stretch.at(-1)];
  if (first === undefined || last === undefined) return stretch;
  if (isEdge(first)) return withoutEdges(stretch.slice(1));
  if (isEdge(last)) return withoutEdges(stretch.slice(0, -1));
  if (first.kind === 'open' && last.kind === 'close' && first.pair === last.pair)
    return withoutEdges(stretch.slice(1, -1));
  return stretch;
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
      const end = part.end - TRAILING_SPACE.exec(document.slice(trimmedPart.start, part.end))![0].length;
      trimmedPart = { ...trimmedPart, end, text: trimmedPart.text.replace(TRAILING_SPACE, '') };
    }
    return trimmedPart;
  });
}

// Not \s, which matches no-break spaces: they are characters of the text.
const LEADING_SPACE = /^[ \t\r\n\f]+/u;
const TRAILING_SPACE = /[ \t\r\n\f]*$/u;
const SPACES = /[ \t\r\n\f]+/gu;

class DocumentProse implements Prose {
  readonly text: string;
  readonly offset: number;
  readonly end: number;
  readonly marks: readonly number[];
  readonly verbatim = new Map<string, string>();

  constructor(
    private readonly document: string,
    private readonly parts: readonly ProsePart[],
    private readonly syntax: ProseSyntax,
  ) {
    this.offset = parts[0]!.start;
    this.end = parts.at(-1)!.end;
    this.marks = parts.filter(({ kind }) => kind === 'open').map(({ start }) => start);
    const plain = parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
    this.text = parts
      .map((part) => this.#textOf(part, plain))
      .join('')
      .replace(SPACES, ' ');
  }

  /** @param plain all text, which contains none of the new placeholders */
  #textOf(part: ProsePart, plain: string): string {
    if (part.kind === 'text') return part.text;
    if (part.kind !== 'verbatim') return '';
    const source = this.document.slice(part.start, part.end);
    if (part.name !== null) {
      this.verbatim.set(part.name, source);
      return part.name;
    }
    let number = 0;
    while (plain.includes(`{${number}}`) || this.verbatim.has(`{${number}}`)) number += 1;
    this.verbatim.set(`{${number}}`, source);
    return `{${number}}`;
  }

  isComplete(translation: string): boolean {
    return [...this.verbatim.keys()].every((name) => count(translation, name) === count(this.text, name));
  }

  write(translation: string): string {
    if (translation === this.text) return this.document.slice(this.offset, this.end);
    return this.syntax.write(
      piecesBetween(translation, [...this.verbatim.keys()]).map((piece) => {
        const verbatim = this.verbatim.get(piece);
        return verbatim === undefined ? piece : { verbatim };
      }),
    );
  }

  divided(): (string | Prose)[] {
    const parts = this.parts.map(
      (part): InlinePart => (part.kind === 'verbatim' ? { ...part, kind: 'boundary' } : part),
    );
    return divideInline(this.document, [this.offset, this.end], parts, this.syntax);
  }
}

const count = (text: string, part: string): number => text.split(part).length - 1;

/** Divides a text before and after each of the names. A name that contains another one is found first. */
function piecesBetween(text: string, names: readonly string[]): string[] {
  if (names.length === 0) return [text];
  const patterns = [...names]
    .sort((a, b) => b.length - a.length)
    .map((name) => name.replace(/[\\^$.*+?()[\]{}|/-]/gu, '\\$&'));
  return text.split(new RegExp(`(${patterns.join('|')})`, 'u')).filter((piece) => piece !== '');
}
