import { type BpeCodes, END_OF_WORD, type Merge } from './codes.js';
import { createGlossary, type Glossary } from './glossary.js';

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
  const ranks = rankMerges(codes.merges);
  const splits = invertMerges(codes.merges, ranks);
  return (word) => {
    const characters = Array.from(word);
    if (characters.length === 1 || glossary.has(word)) return [word];
    const subwords = stripEnd(mergeAll(markEnd(characters, codes.version), ranks, isDropped));
    return vocabulary === undefined || vocabulary.size === 0
      ? subwords
      : splitUnknown(subwords, { splits, vocabulary, separator });
  };
}

/** Neither a symbol of a word nor one of the codes has a space in it. */
const keyOf = (left: string, right: string): string => `${left} ${right}`;

/** The order of application; of repeated merges the first counts. */
function rankMerges(merges: readonly Merge[]): Map<string, number> {
  const ranks = new Map<string, number>();
  for (let rank = merges.length - 1; rank >= 0; rank -= 1) ranks.set(keyOf(...merges[rank]!), rank);
  return ranks;
}

/** The merge that made each symbol; where several make one, that which comes first in the codes. */
function invertMerges(merges: readonly Merge[], ranks: ReadonlyMap<string, number>): Map<string, Merge> {
  const splits = new Map<string, Merge>();
  for (const rank of ranks.values()) splits.set(merges[rank]!.join(''), merges[rank]!);
  return splits;
}

function markEnd(characters: readonly string[], version: BpeCodes['version']): string[] {
  if (version === '0.1') return [...characters, END_OF_WORD];
  return [...characters.slice(0, -1), characters.at(-1)! + END_OF_WORD];
}

function stripEnd(symbols: readonly string[]): string[] {
  const last = symbols.at(-1)!;
  if (last === END_OF_WORD) return symbols.slice(0, -1);
  return last.endsWith(END_OF_WORD) ? [...symbols.slice(0, -1), last.slice(0, -END_OF_WORD.length)] : [...symbols];
}

/** Applies the earliest merge that fits, at every place, until none fits. */
function mergeAll(
  symbols: readonly string[],
  ranks: ReadonlyMap<string, number>,
  isDropped: (() => boolean) | undefined,
): readonly string[] {
  if (isDropped !== undefined) return mergeSome(symbols, ranks, isDropped);
  const current = [...symbols];
  const rankAt = (at: number): number =>
    at >= 0 && at + 1 < current.length ? (ranks.get(keyOf(current[at]!, current[at + 1]!)) ?? NO_MERGE) : NO_MERGE;
  /** The rank of each symbol with its right neighbour. */
  const places = current.map((_, at) => rankAt(at));
  for (;;) {
    const first = indexOfLowest(places);
    if (first < 0) return current;
    const lowest = places[first]!;
    // A merge changes the ranks beside it, which count only when it is done at every place.
    const changed: number[] = [];
    let kept = first;
    for (let at = first; at < current.length; at += 1, kept += 1) {
      const merges = places[at] === lowest;
      current[kept] = merges ? current[at]! + current[at + 1]! : current[at]!;
      if (merges) {
        at += 1;
        changed.push(kept);
      }
      places[kept] = places[at]!;
    }
    current.length = kept;
    places.length = kept;
    for (const at of changed) {
      if (at > 0) places[at - 1] = rankAt(at - 1);
      places[at] = rankAt(at);
    }
  }
}

const NO_MERGE = Number.POSITIVE_INFINITY;

/** The first place of the lowest rank, -1 if nothing merges. */
function indexOfLowest(places: readonly number[]): number {
  let first = -1;
  let lowest = NO_MERGE;
  for (let at = 0; at < places.length; at += 1) {
    if (places[at]! < lowest) {
      lowest = places[at]!;
      first = at;
    }
  }
  return first;
}

/** Like `mergeAll`, where each place is dropped by chance; a merge is applied at the places that were not. */
function mergeSome(
  symbols: readonly string[],
  ranks: ReadonlyMap<string, number>,
  isDropped: () => boolean,
): readonly string[] {
  let current = symbols;
  while (current.length > 1) {
    const places = current.map((symbol, at) => {
      if (at + 1 === current.length || isDropped()) return NO_MERGE;
      return ranks.get(keyOf(symbol, current[at + 1]!)) ?? NO_MERGE;
    });
    const lowest = Math.min(...places);
    if (lowest === NO_MERGE) break;
    const merged: string[] = [];
    for (let at = 0; at < current.length; at += 1) {
      if (places[at] === lowest) {
        merged.push(current[at]! + current[at + 1]!);
        at += 1;
      } else {
        merged.push(current[at]!);
      }
    }
    current = merged;
  }
  return current;
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
