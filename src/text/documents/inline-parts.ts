/** A part of a line of prose in a document: `source.slice(start, end)`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Text. `text` has its characters without entities and escapes. */
export interface TextPart extends Range {
  readonly kind: 'text';
  readonly text: string;
}

/** What is copied: code, an image, a comment … */
export interface VerbatimPart extends Range {
  readonly kind: 'verbatim';
  /** Whether it takes the place of words, as code does and an image does not. */
  readonly isWord: boolean;
  /** What stands for it in the text to translate; null: a placeholder such as `{0}`. */
  readonly name: string | null;
}

/** The beginning or the end of bold text, a link … The two have the same `name`. */
export interface MarkPart extends Range {
  readonly kind: 'open' | 'close';
  readonly name: string;
}

/** What divides prose, e.g. a line break. It is copied. */
export interface BoundaryPart extends Range {
  readonly kind: 'boundary';
}

/** A part of a line of prose; parts are in the order of the source and do not overlap. */
export type InlinePart = TextPart | VerbatimPart | MarkPart | BoundaryPart;

/** A mark that knows its other end. */
interface PairedMark extends MarkPart {
  readonly pair: number;
}

/** A part of a stretch of prose: every mark has both of its ends in the stretch. */
export type ProsePart = TextPart | VerbatimPart | PairedMark;

/**
 * Divides inline parts into stretches of prose. They end at boundaries, and at marks whose other end is elsewhere. Consecutive
 * verbatim parts become one, and a mark around nothing but verbatim parts becomes verbatim, e.g. the link of an image.
 */
export function stretchesOf(parts: readonly InlinePart[]): ProsePart[][] {
  const stretches: ProsePart[][] = [];
  for (const segment of segmentsBetween(parts, ({ kind }) => kind === 'boundary')) {
    const paired = withPairs(segment as Exclude<InlinePart, BoundaryPart>[]);
    const hasUnpaired = paired.some((part) => isMark(part) && part.pair === NO_PAIR);
    if (!hasUnpaired) stretches.push(withoutEmptyMarks(mergeVerbatim(paired)));
    else
      stretches.push(...stretchesOf(paired.map((part) => (isUnpaired(part) ? { ...part, kind: 'boundary' } : part))));
  }
  return stretches.filter((stretch) => stretch.length > 0);
}

const NO_PAIR = -1;
const isEnd = (part: InlinePart): part is MarkPart => part.kind === 'open' || part.kind === 'close';
const isMark = (part: ProsePart): part is PairedMark => isEnd(part);
const isUnpaired = (part: ProsePart): boolean => isMark(part) && part.pair === NO_PAIR;

function segmentsBetween<T>(items: readonly T[], isBetween: (item: T) => boolean): T[][] {
  const segments: T[][] = [[]];
  for (const item of items) {
    if (isBetween(item)) segments.push([]);
    else segments.at(-1)!.push(item);
  }
  return segments;
}

/** Pairs marks. The end of a mark ends the last one of its name that is open, and leaves those within it unpaired. */
function withPairs(parts: readonly Exclude<InlinePart, BoundaryPart>[]): ProsePart[] {
  const pairs = new Map<number, number>(); // by position: the position of the opening mark
  const open: { readonly name: string; readonly position: number }[] = [];
  for (const [position, part] of parts.entries()) {
    if (part.kind === 'open') open.push({ name: part.name, position });
    if (part.kind !== 'close') continue;
    const depth = open.findLastIndex(({ name }) => name === part.name);
    if (depth < 0) continue;
    const opening = open[depth]!.position;
    open.length = depth;
    pairs.set(opening, opening).set(position, opening);
  }
  return parts.map((part, position) => (isEnd(part) ? { ...part, pair: pairs.get(position) ?? NO_PAIR } : part));
}

/** Joins consecutive verbatim parts. Those with names stay as they are. */
function mergeVerbatim(parts: readonly ProsePart[]): ProsePart[] {
  const merged: ProsePart[] = [];
  for (const part of parts) {
    const last = merged.at(-1);
    if (part.kind === 'verbatim' && last?.kind === 'verbatim' && part.name === null && last.name === null) {
      merged.pop();
      merged.push({ ...last, end: part.end, isWord: last.isWord || part.isWord });
    } else merged.push(part);
  }
  return merged;
}

/** Makes marks without text verbatim, together with what they contain. */
function withoutEmptyMarks(parts: readonly ProsePart[]): ProsePart[] {
  const result: ProsePart[] = [];
  for (const part of parts) {
    const opening =
      part.kind === 'close' ? result.findLastIndex((other) => other.kind !== 'verbatim' && !isBlank(other)) : -1;
    const open = result[opening];
    if (part.kind !== 'close' || open?.kind !== 'open' || open.pair !== part.pair) {
      result.push(part);
      continue;
    }
    const inside = result.splice(opening);
    const isWord = inside.some((other) => other.kind === 'verbatim' && other.isWord);
    result.push({ kind: 'verbatim', start: open.start, end: part.end, isWord, name: null });
  }
  return mergeVerbatim(result);
}

/** Whether a part is white space. */
export const isBlank = (part: ProsePart): boolean => part.kind === 'text' && /^\s*$/u.test(part.text);
