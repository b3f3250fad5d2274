import { loadMetadata } from '../checkpoint/checkpoint.js';
import { builtInComponents, registerPlugins } from '../components.js';
import { storeSentences } from '../data/sentence-store.js';
import { openDevice } from '../devices/index.js';
import { UserError } from '../errors.js';
import { BeamSearch, outputOptions, type SearchOptions, searchOptions, type Translation } from '../generation/index.js';
import { parseOptionValue } from '../options/parse.js';
import { defineOptions } from '../options/schema.js';
import { selectOptions } from '../options/select.js';
import { checkOptionValues } from '../options/values.js';
import type { ArchitectureDefinition, TranslationModel } from '../plugins/model.js';
import type { Registry } from '../plugins/registry.js';
import { setupTranslation, type TranslationTask, translationOptions } from '../tasks/translation.js';
import { pairUp, type TranslationData } from '../tasks/translation-data.js';
import { parseCodes } from '../text/bpe/codes.js';
import { createBpeSegmenter } from '../text/bpe/segmenter.js';
import { readLines } from '../text/lines.js';
import { loadModel } from './load-model.js';
import { DEFAULT_MAX_TOKENS, translateSplit } from './translate-split.js';
import type { LineTranslation, TranslatorOptions } from './translator.js';

/** The working part of a Translator; apart because it loads the tensor library. */
export interface LineTranslator {
  readonly languages: { readonly source: string; readonly target: string };
  translate(lines: readonly string[]): Promise<LineTranslation[]>;
  dispose(): void;
}

/** Where the options of the search rule every output out. */
const NOTHING: Translation = {
  text: '',
  score: Number.NEGATIVE_INFINITY,
  tokens: [],
  tokenScores: [],
  alignment: null,
};

const { prefixSize: _, ...search } = searchOptions;

const settings = defineOptions({
  threads: { kind: 'int', default: null, min: 1, help: 'threads of the device cpu' },
  maxTokens: { kind: 'int', default: null, min: 1, help: 'most tokens of a batch' },
  batchSize: { kind: 'int', default: null, min: 1, help: 'most sentences of a batch' },
  precision: { kind: 'choice', choices: ['float32', 'bfloat16', 'int8'], default: 'float32', help: 'of products' },
});

/** @throws UserError as `Translator.load` */
export async function loadLineTranslator(given: TranslatorOptions): Promise<LineTranslator> {
  const { path, data, device, bpeCodes, removeBpe, plugins, ...rest } = given;
  const stems = typeof path === 'string' ? [path] : (path ?? []);
  if (stems.length === 0) throw new UserError('no checkpoint is given', "add path, e.g. path: 'checkpoints/averaged'");
  if (typeof data !== 'string')
    throw new UserError('no dictionaries are given', "add data, e.g. data: 'data-bin/de-en'");
  const values = checkOptionValues('Translator.load', rest, { ...search, ...settings });
  const options = selectOptions(searchOptions, values);
  const { threads, maxTokens, batchSize, precision } = selectOptions(settings, values);
  checkNbest(options);
  const segment =
    bpeCodes === undefined ? null : createBpeSegmenter({ codes: parseCodes(readLines(bpeCodes), bpeCodes) });
  const postProcess = schemeOf(removeBpe ?? segment !== null);
  const components = builtInComponents();
  registerPlugins(components, plugins ?? []);
  const task = taskOf(stems[0]!, data);
  await openDevice(device ?? null, { threads, bfloat16: precision === 'bfloat16', int8: precision === 'int8' });
  const models = loadModels(stems, task, components.architectures);
  const { size: vocab, padIndex, eosIndex, unkIndex } = task.targetDictionary;
  const beamSearch = new BeamSearch(models, { vocab, padIndex, eosIndex, unkIndex }, options);
  const longest = Math.min(
    beamSearch.maxPositions.source,
    maxTokens ?? (batchSize === null ? DEFAULT_MAX_TOKENS : Number.POSITIVE_INFINITY),
  );
  return {
    languages: { source: task.sourceLang, target: task.targetLang },
    async translate(lines) {
      if (lines.length === 0) return [];
      const sentences = linesAsData(segment === null ? lines : lines.map(segment), task, longest);
      const translated = await translateSplit(task, sentences, beamSearch, {
        postProcess,
        printAlignment: null,
        maxTokens,
        batchSize,
        requiredBatchSizeMultiple: 1,
        skipInvalidSizeInputsValidTest: false,
        seed: 1,
        logInterval: Number.POSITIVE_INFINITY,
      });
      return translated.map(({ translations }) => ({
        ...(translations[0] ?? NOTHING),
        nbest: translations.slice(0, options.nbest),
      }));
    },
    dispose: () => disposeAll(models),
  };
}

function checkNbest({ nbest, beam }: SearchOptions): void {
  if (nbest > beam) throw new UserError(`nbest ${nbest} is more than beam ${beam}`, 'raise beam');
}

/** The task as a checkpoint was trained on it: its languages and padding, whatever corpora the folder has. */
function taskOf(stem: string, data: string): TranslationTask {
  const { languages, options } = loadMetadata(stem);
  const { source: sourceLang, target: targetLang } = languages;
  return setupTranslation(data, { ...selectOptions(translationOptions, options), sourceLang, targetLang });
}

function loadModels(
  stems: readonly string[],
  task: TranslationTask,
  architectures: Registry<ArchitectureDefinition>,
): TranslationModel[] {
  const models: TranslationModel[] = [];
  try {
    for (const stem of stems) models.push(loadModel(stem, task, architectures).model);
    return models;
  } catch (error) {
    disposeAll(models);
    throw error;
  }
}

function disposeAll(models: readonly TranslationModel[]): void {
  for (const model of models) model.dispose();
}

/** @throws UserError for an unknown scheme */
function schemeOf(removeBpe: boolean | string): string | null {
  if (typeof removeBpe === 'boolean') return removeBpe ? 'subword_nmt' : null;
  parseOptionValue('Translator.load removeBpe', outputOptions.postProcess, removeBpe);
  return removeBpe;
}

/** @param longest tokens of a sentence with `</s>` */
function linesAsData(
  lines: readonly string[],
  { sourceDictionary }: TranslationTask,
  longest: number,
): TranslationData {
  const sentences = lines.map((line) => sourceDictionary.encodeLine(line));
  const at = sentences.findIndex((ids) => ids.length > longest);
  if (at >= 0) {
    throw new UserError(
      `line ${at + 1} has ${sentences[at]!.length} tokens with </s>, more than the ${longest} that the model or a batch takes`,
      'split it into sentences, or raise maxTokens',
    );
  }
  return pairUp('lines', storeSentences(sentences), null);
}
