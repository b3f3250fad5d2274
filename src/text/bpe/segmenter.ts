import { type BpeCodes, END_OF_WORD, type Merge } from './codes.js';
import { createGlossary, type Glossary } from './glossary.js';
import { MergeTable, NO_MERGE } from './merge-table.js';

export interface SegmenterOptions {
  readonly codes: BpeCodes;
  /** Ends every subword but the last of a word; `@@` by default. */
  readonly separator?: string;
  /** Subwords that may come out, with their separators; others are split again into smaller ones. */
  readonly vocabulary?: ReadonlySet<string>;
  /** Words or regular expressions that are kept whole. */
  readonly glossaries?: readonly string[];
  /** BPE-dropout (Provilkov et al. 2020): leaves a merge out with this probability, anew at every step of every word. */
  readonly dropout?: number;
  /** Draws for dropout, from 0 to below 1. */
  readonly random?: () => number;
}

/**
 * Segments text with BPE as subword-nmt's `apply-bpe` does; each distinct word is worked out once.
 *
 * @returns a function from a line of words to the line of their subwords; spaces round the line stay
 */
export function createBpeSegmenter(options: SegmenterOptions): (line: string) => string {
  const { separator = '@@', glossaries = [], dropout = 0, random = Math.random } = options;
  const glossary = createGlossary(glossaries);
  const isDropped = dropout > 0 ? (): boolean => random() <= dropout : undefined;
  const encode = createEncoder(options.codes, separator, options.vocabulary, glossary, isDropped);
  const segmented = new Map<string, string>();

  const segmentWord = (word: string): string => {
    const text = glossary.isolate(word).flatMap(encode).join(`${separator} `);
    if (isDropped === undefined) {
      if (segmented.size === REMEMBERED_WORDS) segmented.clear();
      segmented.set(detached(word), text);
    }
    return text;
  };
  return (line) => {
    let text = '';
    let begun = false;
    for (let start = 0; start < line.length; ) {
      let end = line.indexOf(' ', start);
      if (end < 0) end = line.length;
      if (end > start) {
        const word = line.slice(start, end);
        if (begun) text += ' ';
        begun = true;
        text += segmented.get(word) ?? segmentWord(word);
      } else if (!begun) {
        text += ' ';
      }
      start = end + 1;
    }
    return text + spacesBehind(line, begun);
  };
}

/** Bounds the memory; a text of a million sentences has fewer. */
const REMEMBERED_WORDS = 1 << 18;

/** A copy that does not keep alive the block of text out of which V8 cut the word. */
const detached = (word: string): string => Buffer.from(word, 'utf16le').toString('utf16le');

/** Those at the end of a line of words; a line of nothing but spaces has all of them in front. */
function spacesBehind(line: string, hasWords: boolean): string {
  let end = line.length;
  while (hasWords && line.charCodeAt(end - 1) === 0x20) end -= 1;
  return line.slice(end);
}

/** The subwords of one word, without separators. */
function createEncoder(
  codes: BpeCodes,
  separator: string,
  vocabulary: ReadonlySet<string> | undefined,
  glossary: Glossary,
  isDropped: (() => boolean) | undefined,
): (word: string) => readonly string[] {
  const table = new MergeTable(codes);
  const limited = vocabulary !== undefined && vocabulary.size > 0;
  const splits = limited ? invertMerges(codes.merges) : new Map<string, Merge>();
  return (word) => {
    if (isOneCharacter(word) || glossary.has(word)) return [word];
    const symbols = table.symbolsOf(word);
    if (isDropped === undefined) mergeAll(symbols, table);
    else mergeSome(symbols, table, isDropped);
    const subwords = textsOf(symbols, table);
    return limited ? splitUnknown(subwords, { splits, vocabulary, separator }) : subwords;
  };
}

const isOneCharacter = (word: string): boolean =>
  word.length === 1 || (word.length === 2 && word.codePointAt(0)! > 0xffff);

/**
 * The merge that made each symbol; where several make one, that which comes first in the codes. A merge that the codes
 * repeat stands where it comes last, as in subword-nmt.
 */
function invertMerges(merges: readonly Merge[]): Map<string, Merge> {
  const distinct = new Map<string, Merge>();
  for (let rank = merges.length - 1; rank >= 0; rank -= 1) distinct.set(merges[rank]!.join(' '), merges[rank]!);
  const splits = new Map<string, Merge>();
  for (const merge of distinct.values()) splits.set(merge.join(''), merge);
  return splits;
}

/** The texts of a word's symbols without the mark at its end. */
function textsOf(symbols: readonly number[], table: MergeTable): string[] {
  const texts = symbols.map((symbol) => table.textOf(symbol));
  const last = texts.pop()!;
  if (last !== END_OF_WORD) texts.push(last.endsWith(END_OF_WORD) ? last.slice(0, -END_OF_WORD.length) : last);
  return texts;
}

/** Applies the earliest merge that fits, at every place, until none fits. */
function mergeAll(symbols: number[], table: MergeTable): void {
  /** Of each symbol with its right neighbour. */
  const ranks = symbols.map((_, at) => rankAt(at, symbols, table));
  for (;;) {
    const lowest = lowestOf(ranks);
    if (lowest === NO_MERGE) return;
    mergePlaces(symbols, ranks, lowest, table);
    const merged = table.mergedBy(lowest);
    for (let at = symbols.indexOf(merged); at >= 0; at = symbols.indexOf(merged, at + 1)) {
      if (at > 0) ranks[at - 1] = rankAt(at - 1, symbols, table);
      ranks[at] = rankAt(at, symbols, table);
    }
  }
}

const rankAt = (at: number, symbols: readonly number[], table: MergeTable): number =>
  at + 1 < symbols.length ? table.rankOf(symbols[at]!, symbols[at + 1]!) : NO_MERGE;

function lowestOf(ranks: readonly number[]): number {
  let lowest = NO_MERGE;
  for (const rank of ranks) if (rank < lowest) lowest = rank;
  return lowest;
}

/** Merges the places of this rank, from the left; the ranks beside them are left as they were. */
function mergePlaces(symbols: number[], ranks: number[], rank: number, table: MergeTable): void {
  let kept = 0;
  for (let at = 0; at < symbols.length; at += 1, kept += 1) {
    const merges = ranks[at] === rank;
    symbols[kept] = merges ? table.mergedBy(rank) : symbols[at]!;
    if (merges) at += 1;
    ranks[kept] = ranks[at]!;
  }
  symbols.length = kept;
  ranks.length = kept;
}

/** Like `mergeAll`, where each place is dropped by chance; a merge is applied at the places that were not. */
function mergeSome(symbols: number[], table: MergeTable, isDropped: () => boolean): void {
  while (symbols.length > 1) {
    const ranks = symbols.map((symbol, at) => {
      if (at + 1 === symbols.length || isDropped()) return NO_MERGE;
      return table.rankOf(symbol, symbols[at + 1]!);
    });
    const lowest = lowestOf(ranks);
    if (lowest === NO_MERGE) return;
    mergePlaces(symbols, ranks, lowest, table);
  }
}

interface Splitting {
  readonly splits: ReadonlyMap<string, Merge>;
  readonly vocabulary: ReadonlySet<string>;
  readonly separator: string;
}

function splitUnknown(subwords: readonly string[], splitting: Splitting): string[] {
  return subwords.flatMap((subword, index) => split(subword, index === subwords.length - 1, splitting));
}

/** Undoes merges until every part is in the vocabulary or is a single symbol. */
function split(subword: string, final: boolean, splitting: Splitting): string[] {
  const { splits, vocabulary, separator } = splitting;
  if (vocabulary.has(final ? subword : subword + separator)) return [subword];
  const merge = splits.get(final ? subword + END_OF_WORD : subword);
  if (merge === undefined) return [subword];
  const [left, right] = merge;
  const rest = final ? right.slice(0, -END_OF_WORD.length) : right;
  return [...split(left, false, splitting), ...split(rest, final, splitting)];
}
