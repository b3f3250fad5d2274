import { statSync } from 'node:fs';
import { existingCheckpointFile } from '../checkpoint/checkpoint-path.js';
import type { CheckpointMetadata } from '../checkpoint/metadata.js';
import { LOAD_AGAIN } from '../checkpoint/safetensors.js';
import { openCheckpoint, storedMetadata } from '../checkpoint/stored-checkpoint.js';
import type { OpenedDevice } from '../ops/opened-device.js';
import { checkWeights, loadWeights, partsOf } from '../optim/weights.js';
import { checkRecordedOptions } from '../options/recorded.js';
import type { OptionValues } from '../options/schema.js';
import { selectOptions } from '../options/select.js';
import type { ArchitectureDefinition, TranslationModel } from '../plugins/model.js';
import type { Registry } from '../plugins/registry.js';
import { openTranslationTask, type TranslationTask, translationOptions } from '../tasks/translation.js';
import { checkUnchanged, fileIdentity } from '../text/exact-reads.js';
import { buildModel } from './build-model.js';

/** A model with the metadata of its checkpoint. */
export interface LoadedModel {
  readonly model: TranslationModel;
  readonly metadata: CheckpointMetadata;
}

/** Imported on demand: it also reads fairseq's format, which most translations do not need. */
const importCheckpoint = () => import('../checkpoint/checkpoint.js');

/**
 * Builds the model of a checkpoint and loads its weights.
 * @param overrides model options that replace the recorded ones
 * @throws UserError if the checkpoint is missing or damaged, or was trained with other dictionaries
 */
export async function loadModel(
  stem: string,
  task: TranslationTask,
  architectures: Registry<ArchitectureDefinition>,
  device: OpenedDevice,
  overrides: OptionValues = {},
): Promise<LoadedModel> {
  const { describeCheckpoint, loadCheckpoint } = await importCheckpoint();
  const model = buildModel(stem, describeCheckpoint(stem), task, architectures, device, overrides);
  const { weights, metadata } = loadCheckpoint(stem, { optimizer: false });
  loadWeights(model.parameters, weights, stem, device.searchEngine?.release);
  return { model, metadata };
}

/**
 * Loads the models of an ensemble for translation. If one fails to load, the others are disposed.
 * @throws UserError like `loadModel`
 */
export async function loadModels(
  stems: readonly string[],
  task: TranslationTask,
  architectures: Registry<ArchitectureDefinition>,
  device: OpenedDevice,
  overrides: OptionValues = {},
): Promise<TranslationModel[]> {
  const models: TranslationModel[] = [];
  try {
    for (const stem of stems) {
      models.push(await loadModelToTranslate(stem, task, architectures, device, overrides));
    }
    return models;
  } catch (error) {
    disposeAll(models);
    throw error;
  }
}

/**
 * Loads a model that can discard weights and read them again. With a search engine, a weight is read only when it is
 * needed, and discarded while the engine has it in another form. A checkpoint whose weights have to be converted is read
 * as a whole.
 */
async function loadModelToTranslate(
  stem: string,
  task: TranslationTask,
  architectures: Registry<ArchitectureDefinition>,
  device: OpenedDevice,
  overrides: OptionValues,
): Promise<TranslationModel> {
  const stored = device.searchEngine === null ? null : openCheckpoint(stem);
  if (stored === null) {
    const { model } = await loadModel(stem, task, architectures, device, overrides);
    await reloadFromWholeFile(model, stem);
    return model;
  }
  const model = buildModel(stem, stored, task, architectures, device, overrides);
  checkWeights(model.parameters, stored.weights, stem);
  model.parameters.loadWhenNeeded((wanted) => {
    stored.read(wanted.flatMap(({ block, target }) => partsOf(block, target)));
  });
  return model;
}

/** Makes a model read discarded weights by loading its whole checkpoint again. */
async function reloadFromWholeFile({ parameters }: TranslationModel, stem: string): Promise<void> {
  const { loadCheckpoint } = await importCheckpoint();
  const file = existingCheckpointFile(stem);
  const loaded = fileIdentity(statSync(file));
  parameters.source = (wanted) => {
    checkUnchanged(file, loaded, statSync(file), LOAD_AGAIN);
    const { weights } = loadCheckpoint(stem, { optimizer: false });
    checkWeights(parameters, weights, stem);
    for (const { block, target } of wanted) {
      for (const part of partsOf(block, target)) part.target.set(weights.get(part.name)!.data as Float32Array);
    }
  };
}

/** Frees the weights of all models. */
export function disposeAll(models: readonly TranslationModel[]): void {
  for (const model of models) model.dispose();
}

/**
 * Opens the task with a checkpoint's recorded options and languages. The data folder needs no corpus.
 * @param overrides task options that replace the recorded ones
 */
export async function taskOfCheckpoint(
  stem: string,
  data: string,
  overrides: OptionValues = {},
): Promise<TranslationTask> {
  const { languages, options } = storedMetadata(stem) ?? (await importCheckpoint()).loadMetadata(stem);
  const checked = checkRecordedOptions(stem, options, translationOptions);
  const recorded = { ...checked, sourceLang: languages.source, targetLang: languages.target };
  return openTranslationTask(data, selectOptions(translationOptions, { ...recorded, ...overrides }));
}
