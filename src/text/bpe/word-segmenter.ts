import type { ByteOutput } from '../byte-output.js';
import { type BpeCodes, END_OF_WORD, type Merge } from './codes.js';
import { createGlossary } from './glossary.js';
import { MergeTable, sequenceLength } from './merge-table.js';
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

/** Writes the subwords of the word `bytes[from, to)`, UTF-8, separated by spaces. */
export type WordSegmenter = (bytes: Buffer, from: number, to: number, output: ByteOutput) => void;

export function createWordSegmenter(options: SegmenterOptions): WordSegmenter {
  const { codes, separator = '@@', vocabulary, glossaries = [], dropout = 0, random = Math.random } = options;
  const table = new MergeTable(codes);
  const merge = createMerger(table, dropout > 0 ? () => random() <= dropout : undefined);
  const limited = vocabulary !== undefined && vocabulary.size > 0;
  if (!limited && glossaries.length === 0) return createPlainSegmenter(table, merge, `${separator} `);
  const glossary = createGlossary(glossaries);
  const splits = limited ? invertMerges(codes.merges) : new Map<string, Merge>();
  const encode = (word: string): readonly string[] => {
    if (isOneCharacter(word) || glossary.has(word)) return [word];
    const bytes = Buffer.from(word);
    const subwords = textsOf(merge(bytes, 0, bytes.length), table);
    return limited ? splitUnknown(subwords, { splits, vocabulary, separator }) : subwords;
  };
  return (bytes, from, to, output) => {
    const word = bytes.toString('utf8', from, to);
    output.text(glossary.isolate(word).flatMap(encode).join(`${separator} `));
  };
}

const isOneCharacter = (word: string): boolean =>
  word.length === 1 || (word.length === 2 && word.codePointAt(0)! > 0xffff);

type Merger = ReturnType<typeof createMerger>;

/** The segmenter without a vocabulary and glossaries, which makes no strings. */
function createPlainSegmenter(table: MergeTable, merge: Merger, between: string): WordSegmenter {
  /** Of every symbol that was seen: its text and what follows it within a word. */
  const inner: (Buffer | undefined)[] = [];
  const final: (Buffer | undefined)[] = [];
  const innerOf = (symbol: number): Buffer => (inner[symbol] ??= Buffer.from(table.textOf(symbol) + between));
  const finalOf = (symbol: number): Buffer => (final[symbol] ??= Buffer.from(table.finalTextOf(symbol)));
  return (bytes, from, to, output) => {
    if (sequenceLength(bytes[from]!) >= to - from) return output.copy(bytes, from, to);
    const symbols = merge(bytes, from, to);
    let last = symbols.length - 1;
    if (table.finalTextOf(symbols[last]!) === '') last -= 1;
    for (let at = 0; at < last; at += 1) {
      const text = innerOf(symbols[at]!);
      output.copy(text, 0, text.length);
    }
    const text = finalOf(symbols[last]!);
    output.copy(text, 0, text.length);
  };
}

/** The texts of a word's symbols without the mark at its end. */
function textsOf(symbols: Int32Array, table: MergeTable): string[] {
  const texts: string[] = [];
  for (const symbol of symbols) texts.push(table.textOf(symbol));
  const last = table.finalTextOf(symbols[symbols.length - 1]!);
  texts.pop();
  return last === '' ? texts : [...texts, last];
}

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
