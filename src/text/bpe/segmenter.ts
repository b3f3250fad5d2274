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
    let text = segmented.get(word);
    if (text === undefined) {
      text = glossary.isolate(word).flatMap(encode).join(`${separator} `);
      if (isDropped === undefined) segmented.set(word, text);
    }
    return text;
  };
  return (line) => {
    const [, before, inner, after] = /^( *)(.*?)( *)$/s.exec(line)!;
    return before + inner!.split(' ').filter(Boolean).map(segmentWord).join(' ') + after;
  };
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
  let current = symbols;
  while (current.length > 1) {
    const at = indexOfEarliest(current, ranks);
    if (at < 0) break;
    current = mergePair(current, current[at]!, current[at + 1]!);
  }
  return current;
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
      if (at + 1 === current.length || isDropped()) return Number.POSITIVE_INFINITY;
      return ranks.get(keyOf(symbol, current[at + 1]!)) ?? Number.POSITIVE_INFINITY;
    });
    const lowest = Math.min(...places);
    if (lowest === Number.POSITIVE_INFINITY) break;
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

function indexOfEarliest(symbols: readonly string[], ranks: ReadonlyMap<string, number>): number {
  let earliest = -1;
  let lowest = Number.POSITIVE_INFINITY;
  for (let at = 0; at + 1 < symbols.length; at += 1) {
    const rank = ranks.get(keyOf(symbols[at]!, symbols[at + 1]!)) ?? Number.POSITIVE_INFINITY;
    if (rank < lowest) {
      lowest = rank;
      earliest = at;
    }
  }
  return earliest;
}

function mergePair(symbols: readonly string[], left: string, right: string): string[] {
  const merged: string[] = [];
  for (let at = 0; at < symbols.length; at += 1) {
    if (symbols[at] === left && symbols[at + 1] === right) {
      merged.push(left + right);
      at += 1;
    } else {
      merged.push(symbols[at]!);
    }
  }
  return merged;
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
