import { join } from 'node:path';
import type { PairSizes } from '../data/batching.js';
import type { Dictionary } from '../data/dictionary.js';
import { indexedDatasetBegun, indexedDatasetExists, openIndexedDataset } from '../data/indexed-dataset.js';
import { concatenateStores, type SentenceStore, truncateSentences } from '../data/sentence-store.js';
import { UserError } from '../errors.js';
import type { SentencePair } from './collate.js';

/** A split of a parallel corpus. Lengths are in memory; sentences are read on demand. */
export interface TranslationData {
  readonly split: string;
  readonly length: number; // sentence pairs
  readonly sizes: PairSizes;
  /** Whether fairseq shuffles the split before sorting it by length: every split except `test`. */
  readonly shuffled: boolean;
  pair(id: number): SentencePair;
  /** @throws UserError if a file is truncated, or has changed since it was opened */
  pairs(ids: Iterable<number>): SentencePair[];
  close(): void;
}

/** How sentence pairs are read. */
export interface TranslationDataOptions {
  readonly sourceDictionary: Dictionary;
  readonly targetDictionary: Dictionary;
  /** The length to which `--truncate-source` cuts sources, in ids with `</s>`; null: no truncation. */
  readonly truncateSource?: number | null;
  /** Whether to join the parts of a split, `train`, `train1`, `train2` …, as fairseq does in training. */
  readonly combine?: boolean;
}

/**
 * Opens a split that `preprocess` wrote, in either direction: `SPLIT.SRC-TGT` or `SPLIT.TGT-SRC`. The targets are null
 * if the target side has no files.
 *
 * @throws UserError if the split does not exist, or its two sides differ in length
 */
export function loadTranslationData(
  dataDir: string,
  split: string,
  source: string,
  target: string,
  options: TranslationDataOptions,
): TranslationData {
  const prefixes = splitPrefixes(dataDir, split, source, target, options.combine ?? false);
  const sources = concatenateStores(
    prefixes.map((prefix) => openIndexedDataset(`${prefix}.${source}`, options.sourceDictionary.size)),
  );
  const targets = prefixes.some((prefix) => indexedDatasetBegun(`${prefix}.${target}`))
    ? concatenateStores(
        prefixes.map((prefix) => openIndexedDataset(`${prefix}.${target}`, options.targetDictionary.size)),
      )
    : null;
  if (targets !== null && targets.sizes.length !== sources.sizes.length) {
    throw new UserError(
      `${prefixes[0]} has ${sources.sizes.length} sentences in ${source} and ${targets.sizes.length} in ${target}`,
      'rebuild the data with ts-fairseq preprocess',
    );
  }
  const { truncateSource = null } = options;
  return pairUp(split, truncateSource === null ? sources : truncateSentences(sources, truncateSource), targets);
}

/**
 * Combines the two sides of a corpus.
 * @param words the tokens of each source as text, if known
 */
export function pairUp(
  split: string,
  sources: SentenceStore,
  targets: SentenceStore | null,
  words?: ReadonlyArray<readonly string[]>,
): TranslationData {
  const pair = (id: number): SentencePair => ({
    id,
    source: sources.sentence(id),
    target: targets?.sentence(id) ?? null,
    ...(words && { words: words[id]! }),
  });
  return {
    split,
    length: sources.sizes.length,
    sizes: { source: sources.sizes, target: targets?.sizes ?? null },
    shuffled: split !== 'test',
    pair,
    pairs(ids) {
      const read = Array.from(ids, pair);
      sources.checkUnchanged();
      targets?.checkUnchanged();
      return read;
    },
    close() {
      sources.close();
      targets?.close();
    },
  };
}

/** Whether a data folder has a split, for either direction. */
export const translationDataExists = (dataDir: string, split: string, source: string, target: string): boolean =>
  prefixOf(dataDir, split, source, target) !== undefined;

const prefixOf = (dataDir: string, part: string, source: string, target: string): string | undefined =>
  [`${part}.${source}-${target}`, `${part}.${target}-${source}`]
    .map((name) => join(dataDir, name))
    .find((prefix) => indexedDatasetExists(`${prefix}.${source}`));

/** `DIR/SPLIT.SRC-TGT` of the split and, with `combine`, of its further parts. */
function splitPrefixes(dataDir: string, split: string, source: string, target: string, combine: boolean): string[] {
  const first = prefixOf(dataDir, split, source, target);
  if (first === undefined) {
    throw new UserError(
      `${dataDir} has no split '${split}' (${split}.${source}-${target}.${source}.idx and .bin)`,
      'check the folder, the languages and the split, or create it with ts-fairseq preprocess',
    );
  }
  const prefixes = [first];
  for (let part = 1; combine; part++) {
    const next = prefixOf(dataDir, `${split}${part}`, source, target);
    if (next === undefined) break;
    prefixes.push(next);
  }
  return prefixes;
}
