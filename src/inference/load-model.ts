import { statSync } from 'node:fs';
import { describeCheckpoint, loadCheckpoint } from '../checkpoint/checkpoint.js';
import { existingCheckpointFile } from '../checkpoint/checkpoint-path.js';
import type { CheckpointMetadata } from '../checkpoint/metadata.js';
import { LOAD_AGAIN } from '../checkpoint/safetensors.js';
import type { OpenedDevice } from '../ops/opened-device.js';
import type { ParameterStore, WeightSource } from '../optim/parameter-store.js';
import { checkWeights, loadWeights, partsOf } from '../optim/weights.js';
import type { OptionValues } from '../options/schema.js';
import type { ArchitectureDefinition, TranslationModel } from '../plugins/model.js';
import type { Registry } from '../plugins/registry.js';
import type { TranslationTask } from '../tasks/translation.js';
import { checkUnchanged, fileIdentity } from '../text/exact-reads.js';
import { buildModel } from './build-model.js';

/** A model and what its checkpoint says about it. */
export interface LoadedModel {
  readonly model: TranslationModel;
  readonly metadata: CheckpointMetadata;
}

/**
 * Builds the model that a checkpoint was saved from and fills it with its weights.
 * @param device what it is to compute on
 * @param overrides options of the model that replace the recorded ones
 * @throws UserError where the checkpoint is missing or damaged, or was trained with other dictionaries
 */
export function loadModel(
  stem: string,
  task: TranslationTask,
  architectures: Registry<ArchitectureDefinition>,
  device: OpenedDevice,
  overrides: OptionValues = {},
): LoadedModel {
  const model = buildModel(stem, describeCheckpoint(stem), task, architectures, device, overrides);
  const checkpoint = loadCheckpoint(stem, { optimizer: false });
  loadWeights(model.parameters, checkpoint.weights, stem, device.searchEngine?.release);
  return { model, metadata: checkpoint.metadata };
}

/** The same for a model that only translates: what is given up of it is read again with the whole file. */
export function loadWholeModel(
  stem: string,
  task: TranslationTask,
  architectures: Registry<ArchitectureDefinition>,
  device: OpenedDevice,
  overrides: OptionValues,
): TranslationModel {
  const { model } = loadModel(stem, task, architectures, device, overrides);
  model.parameters.source = wholeFileSource(model.parameters, stem);
  return model;
}

/** Reads a checkpoint again that has to be read as a whole. */
function wholeFileSource(store: ParameterStore, stem: string): WeightSource {
  const file = existingCheckpointFile(stem);
  const loaded = fileIdentity(statSync(file));
  return (wanted) => {
    checkUnchanged(file, loaded, statSync(file), LOAD_AGAIN);
    const { weights } = loadCheckpoint(stem, { optimizer: false });
    checkWeights(store, weights, stem);
    for (const { block, target } of wanted) {
      for (const part of partsOf(block, target)) part.target.set(weights.get(part.name)!.data as Float32Array);
    }
  };
}
