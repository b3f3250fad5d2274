import { statSync } from 'node:fs';
import { loadCheckpoint, openCheckpoint, type StoredCheckpoint } from '../checkpoint/checkpoint.js';
import { existingCheckpointFile } from '../checkpoint/checkpoint-path.js';
import { checkUnchanged, fileIdentity } from '../checkpoint/file-bytes.js';
import type { CheckpointMetadata } from '../checkpoint/metadata.js';
import { checkVocabularySizes, knowsDictionaries } from '../checkpoint/vocabulary-check.js';
import { hashDictionary } from '../data/dictionary-file.js';
import { UserError } from '../errors.js';
import { searchEngine } from '../ops/search-engine.js';
import type { Parameter, ParameterStore, WeightSource } from '../optim/parameter-store.js';
import { checkWeights, loadWeights } from '../optim/weights.js';
import type { OptionSchema, OptionValues } from '../options/schema.js';
import { checkOptionValues } from '../options/values.js';
import type { ArchitectureDefinition, TranslationModel } from '../plugins/model.js';
import { modelOptions } from '../plugins/model-options.js';
import type { Registry } from '../plugins/registry.js';
import type { TranslationTask } from '../tasks/translation.js';

/** A model and what its checkpoint says about it. */
export interface LoadedModel {
  readonly model: TranslationModel;
  readonly metadata: CheckpointMetadata;
}

/**
 * Builds the model that a checkpoint was saved from and fills it with its weights.
 * @param overrides options of the model that replace the recorded ones
 * @throws UserError where the checkpoint is missing or damaged, or was trained with other dictionaries
 */
export function loadModel(
  stem: string,
  task: TranslationTask,
  architectures: Registry<ArchitectureDefinition>,
  overrides: OptionValues = {},
): LoadedModel {
  const checkpoint = loadCheckpoint(stem, { optimizer: false });
  const model = buildModel(stem, checkpoint, task, architectures, overrides);
  loadWeights(model.parameters, checkpoint.weights, stem, searchEngine()?.release);
  return { model, metadata: checkpoint.metadata };
}

/**
 * The same for a model that only translates. Where the device has a search engine, a weight is read when it is needed, and
 * given up while the engine has it in another form.
 */
export function loadModelToTranslate(
  stem: string,
  task: TranslationTask,
  architectures: Registry<ArchitectureDefinition>,
  overrides: OptionValues = {},
): TranslationModel {
  const stored = searchEngine() === null ? null : openCheckpoint(stem);
  if (stored === null) {
    const { model } = loadModel(stem, task, architectures, overrides);
    model.parameters.source = wholeFileSource(model.parameters, stem);
    return model;
  }
  const model = buildModel(stem, stored, task, architectures, overrides);
  checkWeights(model.parameters, stored.weights, stem);
  model.parameters.loadWhenNeeded((wanted) => {
    stored.read(wanted.flatMap(({ block, target }) => partsOf(block, target)));
  });
  return model;
}

/** The named parameters of a block and their places in its array. */
function partsOf({ offset, parts }: Parameter, target: Float32Array): { name: string; target: Float32Array }[] {
  return parts.map(({ name, offset: start, size }) => ({
    name,
    target: target.subarray(start - offset, start - offset + size),
  }));
}

/** Reads a checkpoint again that has to be read as a whole. */
function wholeFileSource(store: ParameterStore, stem: string): WeightSource {
  const file = existingCheckpointFile(stem);
  const loaded = fileIdentity(statSync(file));
  return (wanted) => {
    checkUnchanged(file, loaded, statSync(file));
    const { weights } = loadCheckpoint(stem, { optimizer: false });
    checkWeights(store, weights, stem);
    for (const { block, target } of wanted) {
      for (const part of partsOf(block, target)) part.target.set(weights.get(part.name)!.data as Float32Array);
    }
  };
}

function buildModel(
  stem: string,
  checkpoint: Pick<StoredCheckpoint, 'metadata' | 'weights'>,
  task: TranslationTask,
  architectures: Registry<ArchitectureDefinition>,
  overrides: OptionValues,
): TranslationModel {
  const { metadata } = checkpoint;
  checkDictionaries(stem, checkpoint, task);
  const architecture = architectures.getRecorded(archOf(stem, metadata), stem);
  const options = { ...metadata.options, ...overrides };
  checkOptionValues(stem, selectKnown(architecture.model.options, options), architecture.model.options);
  return architecture.model.build(modelOptions(architecture, options), {
    sourceVocab: task.sourceDictionary.size,
    targetVocab: task.targetDictionary.size,
    padIndex: task.targetDictionary.padIndex,
    eosIndex: task.targetDictionary.eosIndex,
    joinedDictionary: task.joinedDictionary,
    maxSourcePositions: positions(options.maxSourcePositions, task.options.maxSourcePositions),
    maxTargetPositions: positions(options.maxTargetPositions, task.options.maxTargetPositions),
    seed: null,
  });
}

function archOf(stem: string, { arch }: CheckpointMetadata): string {
  if (arch !== null) return arch;
  throw new UserError(
    `${stem} does not say which model it is (it has neither args nor cfg)`,
    'train on from it with --finetune-from-model and the options of the model',
  );
}

/** The values of the options that a schema has. */
const selectKnown = (schema: OptionSchema, values: OptionValues): OptionValues =>
  Object.fromEntries(Object.entries(values).filter(([key, value]) => key in schema && value !== null));

const positions = (recorded: unknown, fallback: number): number => (typeof recorded === 'number' ? recorded : fallback);

function checkDictionaries(
  stem: string,
  checkpoint: Pick<StoredCheckpoint, 'metadata' | 'weights'>,
  task: TranslationTask,
): void {
  const { metadata } = checkpoint;
  if (!knowsDictionaries(checkpoint)) {
    checkVocabularySizes(stem, checkpoint, {
      source: { language: task.sourceLang, size: task.sourceDictionary.size },
      target: { language: task.targetLang, size: task.targetDictionary.size },
    });
    return;
  }
  const sides = [
    [task.sourceLang, task.sourceDictionary],
    [task.targetLang, task.targetDictionary],
  ] as const;
  for (const [language, dictionary] of sides) {
    const recorded = metadata.dictionaries[language];
    if (recorded === undefined) {
      const { source, target } = metadata.languages;
      throw new UserError(
        `${stem} translates ${source}-${target}, not ${task.sourceLang}-${task.targetLang}`,
        'name the data that it was trained on',
      );
    }
    if (recorded !== hashDictionary(dictionary)) {
      throw new UserError(
        `dict.${language}.txt is not the dictionary that ${stem} was trained with`,
        'name the data that it was trained on, or preprocess with --srcdict and --tgtdict',
      );
    }
  }
}
