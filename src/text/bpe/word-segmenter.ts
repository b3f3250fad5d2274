import type { ByteOutput } from '../byte-output.js';
import { type BpeCodes, END_OF_WORD, type Merge } from './codes.js';
import { createGlossary } from './glossary.js';
import { MergeTable, sequenceLength } from './merge-table.js';
import { Merger } from './merger.js';

/** How words are split into subwords. */
export interface SegmenterOptions {
  readonly codes: BpeCodes; // the merges to apply
  /** The mark at the end of every subword except the last of a word. Default: `@@`. */
  readonly separator?: string;
  /** Allowed subwords, including their separators; others are split into smaller ones. */
  readonly vocabulary?: ReadonlySet<string>;
  /** Words or regular expressions that are not split. */
  readonly glossaries?: readonly string[];
  /** BPE-dropout (Provilkov et al. 2020): the probability of skipping a merge at each step of each word. */
  readonly dropout?: number;
  /** Draws a number in [0, 1) for dropout. */
  readonly random?: () => number;
}

/** Writes the subwords of the UTF-8 word `bytes[from, to)`, separated by spaces. */
export type WordSegmenter = (bytes: Buffer, from: number, to: number, output: ByteOutput) => void;

/** Makes a function that splits words into subwords. */
export function createWordSegmenter(options: SegmenterOptions): WordSegmenter {
  const { codes, separator = '@@', vocabulary, glossaries = [], dropout = 0, random = Math.random } = options;
  const merger = new Merger(new MergeTable(codes), dropout > 0 ? () => random() <= dropout : undefined);
  const limited = vocabulary !== undefined && vocabulary.size > 0;
  if (!limited && glossaries.length === 0) return createPlainSegmenter(merger, `${separator} `);
  const glossary = createGlossary(glossaries);
  const splits = limited ? invertMerges(codes.merges) : new Map<string, Merge>();
  const encode = (word: string): readonly string[] => {
    if (isOneCharacter(word) || glossary.has(word)) return [word];
    const subwords = mergedTexts(merger, Buffer.from(word));
    return limited ? splitUnknown(subwords, { splits, vocabulary, separator }) : subwords;
  };
  return (bytes, from, to, output) => {
    const word = bytes.toString('utf8', from, to);
    output.text(glossary.isolate(word).flatMap(encode).join(`${separator} `));
  };
}

const isOneCharacter = (word: string): boolean =>
  word.length === 1 || (word.length === 2 && word.codePointAt(0)! > 0xffff);

/** The segmenter without vocabulary and glossaries, which creates no strings. */
function createPlainSegmenter(merger: Merger, between: string): WordSegmenter {
  const separator = Buffer.from(between);
  return (bytes, from, to, output) => {
    if (sequenceLength(bytes[from]!) >= to - from) return output.copy(bytes, from, to);
    const count = merger.merge(bytes, from, to);
    const { ends } = merger;
    output.copy(bytes, from, ends[0]!);
    for (let at = 1; at < count && ends[at - 1]! < to; at += 1) {
      output.copy(separator, 0, separator.length);
      output.copy(bytes, ends[at - 1]!, ends[at]!);
    }
  };
}

/** The texts of the symbols of a word, without the mark at its end. */
function mergedTexts(merger: Merger, word: Buffer): string[] {
  const count = merger.merge(word, 0, word.length);
  const texts: string[] = [];
  let start = 0;
  for (const end of merger.ends.subarray(0, count)) {
    if (end > start) texts.push(word.toString('utf8', start, end));
    start = end;
  }
  return texts;
}

/**
 * Maps each symbol to the merge that produces it; if several do, to the first in the codes. The position of a repeated
 * merge is its last one, as in subword-nmt.
 */
function invertMerges(merges: readonly Merge[]): Map<string, Merge> {
  const distinct = new Map<string, Merge>();
  for (let rank = merges.length - 1; rank >= 0; rank -= 1) distinct.set(merges[rank]!.join(' '), merges[rank]!);
  const splits = new Map<string, Merge>();
  for (const merge of distinct.values()) splits.set(merge.join(''), merge);
  return splits;
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
