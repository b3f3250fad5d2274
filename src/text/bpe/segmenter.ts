import { type BpeCodes, END_OF_WORD, type Merge } from './codes.js';
import { createGlossary, type Glossary } from './glossary.js';
import { MergeTable } from './merge-table.js';
import { createMerger } from './merger.js';

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
    const subwords = glossaries.length === 0 ? encode(word) : glossary.isolate(word).flatMap(encode);
    const text = subwords.length === 1 ? detached(word) : subwords.join(`${separator} `);
    if (isDropped === undefined) {
      if (segmented.size === REMEMBERED_WORDS) segmented.clear();
      segmented.set(detached(word), text);
    }
    return text;
  };
  const pieces: string[] = [];
  return (line) => {
    pieces.length = 0;
    let inner = 0;
    while (line.charCodeAt(inner) === SPACE) inner += 1;
    let end = line.length;
    while (end > inner && line.charCodeAt(end - 1) === SPACE) end -= 1;
    for (let start = inner; start < end; ) {
      let stop = line.indexOf(' ', start);
      if (stop < 0) stop = end;
      if (stop > start) {
        const word = line.slice(start, stop);
        pieces.push(segmented.get(word) ?? segmentWord(word));
      }
      start = stop + 1;
    }
    const text = pieces.join(' ');
    return inner === 0 && end === line.length ? text : line.slice(0, inner) + text + line.slice(end);
  };
}

const SPACE = 0x20;

/** Bounds the memory; a text of a million sentences has fewer. */
const REMEMBERED_WORDS = 1 << 18;

/** V8 cuts shorter strings out of others as copies. */
const SLICE_CHARACTERS = 13;

/** A word that does not keep alive the block of text out of which it was cut. */
const detached = (word: string): string =>
  word.length < SLICE_CHARACTERS ? word : Buffer.from(word, 'utf16le').toString('utf16le');

/** The subwords of one word, without separators. */
function createEncoder(
  codes: BpeCodes,
  separator: string,
  vocabulary: ReadonlySet<string> | undefined,
  glossary: Glossary,
  isDropped: (() => boolean) | undefined,
): (word: string) => readonly string[] {
  const table = new MergeTable(codes);
  const merge = createMerger(table, isDropped);
  const limited = vocabulary !== undefined && vocabulary.size > 0;
  const splits = limited ? invertMerges(codes.merges) : new Map<string, Merge>();
  return (word) => {
    if (isOneCharacter(word) || glossary.has(word)) return [word];
    const symbols = merge(word);
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
function textsOf(symbols: Int32Array, table: MergeTable): string[] {
  const texts: string[] = [];
  for (const symbol of symbols) texts.push(table.textOf(symbol));
  const last = texts.pop()!;
  if (last !== END_OF_WORD) texts.push(last.endsWith(END_OF_WORD) ? last.slice(0, -END_OF_WORD.length) : last);
  return texts;
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
