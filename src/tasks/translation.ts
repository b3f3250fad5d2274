import { join } from 'node:path';
import type { Dictionary } from '../data/dictionary.js';
import { loadDictionaries } from '../data/dictionary-file.js';
import { type Batches, type MakeBatchesOptions, makeBatches } from '../data/make-batches.js';
import { UserError } from '../errors.js';
import { defineOptions, type OptionsOf } from '../options/schema.js';
import { type CollateOptions, collate, collateSource, type SourceBatch, type TranslationBatch } from './collate.js';
import { inferLanguagePair, languagesIn } from './language-pair.js';
import { loadTranslationData, type TranslationData, translationDataExists } from './translation-data.js';

/** The data options of fairseq's `--task translation`. */
export const translationOptions = defineOptions({
  sourceLang: {
    kind: 'string',
    default: null,
    aliases: ['-s'],
    metavar: 'SRC',
    group: 'Task',
    help: 'source language (default: inferred from the names of the data files)',
  },
  targetLang: {
    kind: 'string',
    default: null,
    aliases: ['-t'],
    metavar: 'TGT',
    group: 'Task',
    help: 'target language (default: inferred from the names of the data files)',
  },
  leftPadSource: {
    kind: 'boolean',
    default: true,
    takesValue: true,
    group: 'Task',
    help: 'pad the source on the left',
  },
  leftPadTarget: {
    kind: 'boolean',
    default: false,
    takesValue: true,
    group: 'Task',
    help: 'pad the target on the left',
  },
  maxSourcePositions: {
    kind: 'int',
    default: 1024,
    min: 1,
    group: 'Task',
    help: 'maximum length of a source sentence, in tokens, including </s>',
  },
  maxTargetPositions: {
    kind: 'int',
    default: 1024,
    min: 1,
    group: 'Task',
    help: 'maximum length of a target sentence, in tokens, including </s>',
  },
  truncateSource: {
    kind: 'boolean',
    default: false,
    group: 'Task',
    help: 'truncate source sentences to --max-source-positions',
  },
});

/** The values of `translationOptions`. */
export type TranslationOptions = OptionsOf<typeof translationOptions>;

/** Translation between the two languages of a data folder. */
export interface TranslationTask {
  readonly sourceLang: string;
  readonly targetLang: string;
  readonly sourceDictionary: Dictionary;
  readonly targetDictionary: Dictionary;
  /** Whether both dictionaries are equal, as shared embeddings require. */
  readonly joinedDictionary: boolean;
  readonly options: TranslationOptions;
  /** Opens a split. For an epoch of training, includes its further parts and uses the data folder of that epoch. */
  loadSplit(split: string, epoch?: number): TranslationData;
  /** Whether the first of the data folders has a split. */
  hasSplit(split: string): boolean;
  /** Cuts a split into fairseq's batches of sentence ids. */
  makeBatches(data: TranslationData, options: TaskBatchOptions): Batches;
  /** Reads, sorts and pads one batch. */
  collate(data: TranslationData, ids: Int32Array): TranslationBatch;
  /** Reads, sorts and pads the source side of one batch. */
  collateSource(data: TranslationData, ids: Int32Array): SourceBatch;
}

/** Limits on batches, and the seed of their order. */
export interface TaskBatchOptions extends Omit<MakeBatchesOptions, 'split' | 'seed'> {
  readonly seed: number;
}

/**
 * Opens the task: infers the languages and loads the dictionaries of its data folders.
 *
 * @param data one folder, or several separated by colons: training uses one per epoch, everything else uses the first
 * @throws UserError if the languages cannot be inferred, or a dictionary is missing or damaged
 */
export function openTranslationTask(data: string, options: TranslationOptions): TranslationTask {
  const dataDirs = data.split(':').filter((dir) => dir !== '');
  const first = dataDirs[0];
  if (first === undefined)
    throw new UserError('no data folder is given', 'give the --destdir of ts-fairseq preprocess');
  const { source: sourceLang, target: targetLang } = languagePair(first, options);
  checkLanguages(first, [sourceLang, targetLang]);
  const [sourceDictionary, targetDictionary] = loadDictionaries(
    join(first, `dict.${sourceLang}.txt`),
    join(first, `dict.${targetLang}.txt`),
  );
  const padding: CollateOptions = {
    padIndex: sourceDictionary.padIndex,
    eosIndex: sourceDictionary.eosIndex,
    leftPadSource: options.leftPadSource,
    leftPadTarget: options.leftPadTarget,
  };
  return {
    sourceLang,
    targetLang,
    sourceDictionary,
    targetDictionary,
    joinedDictionary: sourceDictionary.equals(targetDictionary),
    options,
    loadSplit(split, epoch) {
      const dataDir = epoch === undefined ? first : dataDirs[(epoch - 1) % dataDirs.length]!;
      return loadTranslationData(dataDir, split, sourceLang, targetLang, {
        sourceDictionary,
        targetDictionary,
        truncateSource: options.truncateSource ? options.maxSourcePositions : null,
        combine: epoch !== undefined,
      });
    },
    hasSplit: (split) => translationDataExists(first, split, sourceLang, targetLang),
    makeBatches: (split, { seed, ...limits }) =>
      makeBatches(split.sizes, { ...limits, split: split.split, seed: split.shuffled ? seed : null }),
    collate: (split, ids) => collate(split.pairs(ids), padding),
    collateSource: (split, ids) => collateSource(split.pairs(ids), padding),
  };
}

/** Checks that a folder has the dictionaries of both languages. @throws UserError that lists those that it has */
function checkLanguages(dataDir: string, wanted: readonly string[]): void {
  const present = languagesIn(dataDir);
  const absent = wanted.find((language) => !present.includes(language));
  if (absent === undefined || present.length === 0) return;
  throw new UserError(
    `${dataDir} contains ${present.join(' and ')}, not '${absent}' (dict.${absent}.txt does not exist)`,
    'choose two of its languages with -s and -t, or give another folder',
  );
}

function languagePair(
  dataDir: string,
  { sourceLang, targetLang }: TranslationOptions,
): {
  source: string;
  target: string;
} {
  if (sourceLang !== null && targetLang !== null) return { source: sourceLang, target: targetLang };
  const inferred = inferLanguagePair(dataDir);
  return { source: sourceLang ?? inferred.source, target: targetLang ?? inferred.target };
}
