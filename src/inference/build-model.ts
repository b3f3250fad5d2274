import { checkDictionaries } from '../checkpoint/dictionary-check.js';
import type { CheckpointMetadata } from '../checkpoint/metadata.js';
import { buildRecordedModel, recordedModelOptions } from '../checkpoint/recorded-model.js';
import type { CheckpointOutline } from '../checkpoint/stored-checkpoint.js';
import { checkTask } from '../checkpoint/task-check.js';
import { UserError } from '../errors.js';
import type { OpenedDevice } from '../ops/opened-device.js';
import { checkRecordedOptions } from '../options/recorded.js';
import type { OptionValues } from '../options/schema.js';
import type { ArchitectureDefinition, TranslationModel } from '../plugins/model.js';
import type { Registry } from '../plugins/registry.js';
import { type TranslationTask, translationOptions } from '../tasks/translation.js';

/**
 * Builds the model that a checkpoint was saved from, without its weights.
 * @param device the device that the model computes on
 * @throws UserError if the checkpoint was trained with other dictionaries, or its options are invalid or do not match
 *   its tensors
 */
export function buildModel(
  stem: string,
  checkpoint: CheckpointOutline,
  task: TranslationTask,
  architectures: Registry<ArchitectureDefinition>,
  device: OpenedDevice,
  overrides: OptionValues,
): TranslationModel {
  const { metadata } = checkpoint;
  checkTask(stem, metadata);
  const architecture = recordedArchitecture(stem, metadata, architectures);
  checkDictionaries(stem, checkpoint, task);
  const options = recordedModelOptions(stem, metadata, architecture, overrides);
  const recorded = checkRecordedOptions(stem, metadata.options, translationOptions);
  const { maxSourcePositions, maxTargetPositions } = { ...task.options, ...recorded };
  device.makeCurrent();
  return buildRecordedModel(stem, checkpoint, architecture, options, {
    sourceVocab: task.sourceDictionary.size,
    targetVocab: task.targetDictionary.size,
    padIndex: task.targetDictionary.padIndex,
    eosIndex: task.targetDictionary.eosIndex,
    joinedDictionary: task.joinedDictionary,
    maxSourcePositions,
    maxTargetPositions,
    seed: null,
  });
}

/** @throws UserError for an unknown architecture; the remedy for one of fairseq's own does not suggest --user-dir */
function recordedArchitecture(
  stem: string,
  metadata: CheckpointMetadata,
  architectures: Registry<ArchitectureDefinition>,
): ArchitectureDefinition {
  const name = archOf(stem, metadata);
  if (metadata.fairseq === undefined || architectures.names().includes(name)) {
    return architectures.getRecorded(name, stem);
  }
  throw new UserError(
    `${stem} was trained with fairseq's --arch ${name}, which is not supported`,
    `use a checkpoint of one of these: ${architectures.names().join(', ')}`,
  );
}

function archOf(stem: string, { arch }: CheckpointMetadata): string {
  if (arch !== null) return arch;
  throw new UserError(
    `${stem} does not record its model (it has neither args nor cfg)`,
    'continue training from it with --finetune-from-model and the options of the model',
  );
}
