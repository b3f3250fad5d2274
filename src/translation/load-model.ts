import { loadCheckpoint } from '../checkpoint/checkpoint.js';
import type { CheckpointMetadata } from '../checkpoint/metadata.js';
import { hashDictionary } from '../data/dictionary-file.js';
import { UserError } from '../errors.js';
import { loadWeights } from '../optim/weights.js';
import type { OptionValues } from '../options/schema.js';
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
  const { metadata, weights } = loadCheckpoint(stem, { optimizer: false });
  checkDictionaries(stem, metadata, task);
  const architecture = architectures.getRecorded(metadata.arch, stem);
  const options = { ...metadata.options, ...overrides };
  const model = architecture.model.build(modelOptions(architecture, options), {
    sourceVocab: task.sourceDictionary.size,
    targetVocab: task.targetDictionary.size,
    padIndex: task.targetDictionary.padIndex,
    eosIndex: task.targetDictionary.eosIndex,
    joinedDictionary: task.joinedDictionary,
    maxSourcePositions: positions(options.maxSourcePositions, task.options.maxSourcePositions),
    maxTargetPositions: positions(options.maxTargetPositions, task.options.maxTargetPositions),
    seed: null,
  });
  loadWeights(model.parameters, weights, stem);
  return { model, metadata };
}

const positions = (recorded: unknown, fallback: number): number => (typeof recorded === 'number' ? recorded : fallback);

function checkDictionaries(stem: string, metadata: CheckpointMetadata, task: TranslationTask): void {
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
