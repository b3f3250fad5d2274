import { join } from 'node:path';
import type { Dictionary } from '../data/dictionary.js';
import { loadDictionary } from '../data/dictionary-file.js';
import { type Batches, type MakeBatchesOptions, makeBatches } from '../data/make-batches.js';
import { UserError } from '../errors.js';
import { defineOptions, type OptionsOf } from '../options/schema.js';
import { type CollateOptions, collate, collateSource, type SourceBatch, type TranslationBatch } from './collate.js';
import { inferLanguagePair, languagesIn } from './language-pair.js';
import { loadTranslationData, type TranslationData, translationDataExists } from './translation-data.js';

/** fairseq's options of `--task translation` that concern its data. */
export const translationOptions = defineOptions({
  sourceLang: {
    kind: 'string',
    default: null,
    aliases: ['-s'],
    metavar: 'SRC',
    group: 'Task',
    help: 'source language (default: from the names of the data files)',
  },
  targetLang: {
    kind: 'string',
    default: null,
    aliases: ['-t'],
    metavar: 'TGT',
    group: 'Task',
    help: 'target language (default: from the names of the data files)',
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
    help: 'longest source sentence, in tokens with </s>',
  },
  maxTargetPositions: {
    kind: 'int',
    default: 1024,
    min: 1,
    group: 'Task',
    help: 'longest target sentence, in tokens with </s>',
  },
  truncateSource: {
    kind: 'boolean',
    default: false,
    group: 'Task',
    help: 'cut longer source sentences to --max-source-positions',
  },
});

export type TranslationOptions = OptionsOf<typeof translationOptions>;

/** The first task: translation between the two languages of a data folder. */
export interface TranslationTask {
  readonly sourceLang: string;
  readonly targetLang: string;
  readonly sourceDictionary: Dictionary;
  readonly targetDictionary: Dictionary;
  /** Whether both dictionaries give the same symbols the same ids, as shared embeddings need. */
  readonly joinedDictionary: boolean;
  readonly options: TranslationOptions;
  /** Opens a split. For an epoch of training: with its further parts, from the next of the data folders each epoch. */
  loadSplit(split: string, epoch?: number): TranslationData;
  /** Whether the first of the data folders has a split. */
  hasSplit(split: string): boolean;
  /** Batches of sentence ids, composed as fairseq composes them for this split. */
  makeBatches(data: TranslationData, options: TaskBatchOptions): Batches;
  /** Reads, sorts and pads one batch. */
  collate(data: TranslationData, ids: Int32Array): TranslationBatch;
  /** The same without references. */
  collateSource(data: TranslationData, ids: Int32Array): SourceBatch;
}

export interface TaskBatchOptions extends Omit<MakeBatchesOptions, 'split' | 'seed'> {
  readonly seed: number;
}

/**
 * Sets the task up from its data folders: languages, dictionaries.
 *
 * @param data one folder, or several separated by colons (training takes one an epoch, all else the first)
 * @throws UserError if the languages cannot be told, or a dictionary is missing or damaged
 */
export function openTranslationTask(data: string, options: TranslationOptions): TranslationTask {
  const dataDirs = data.split(':').filter((dir) => dir !== '');
  const first = dataDirs[0];
  if (first === undefined)
    throw new UserError('no data folder is given', 'give the --destdir of ts-fairseq preprocess');
  const { source: sourceLang, target: targetLang } = languagePair(first, options);
  checkLanguages(first, [sourceLang, targetLang]);
  const sourceDictionary = loadDictionary(join(first, `dict.${sourceLang}.txt`));
  const targetDictionary = loadDictionary(join(first, `dict.${targetLang}.txt`));
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

/** @throws UserError that says which languages a folder holds, where it holds dictionaries but not those asked for */
function checkLanguages(dataDir: string, wanted: readonly string[]): void {
  const held = languagesIn(dataDir);
  const absent = wanted.find((language) => !held.includes(language));
  if (absent === undefined || held.length === 0) return;
  throw new UserError(
    `${dataDir} holds ${held.join(' and ')}, not '${absent}' (there is no dict.${absent}.txt)`,
    'name two of its languages with -s and -t, or another folder',
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
