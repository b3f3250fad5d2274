import { loadMetadata } from '../checkpoint/checkpoint.js';
import type { OptionValues } from '../options/schema.js';
import { selectOptions } from '../options/select.js';
import type { ArchitectureDefinition, TranslationModel } from '../plugins/model.js';
import type { Registry } from '../plugins/registry.js';
import { setupTranslation, type TranslationTask, translationOptions } from '../tasks/translation.js';
import { loadModelToTranslate } from './load-model.js';

/**
 * The models of an ensemble; none is left where one cannot be loaded.
 * @throws UserError as `loadModel` does
 */
export function loadModels(
  stems: readonly string[],
  task: TranslationTask,
  architectures: Registry<ArchitectureDefinition>,
  overrides: OptionValues = {},
): TranslationModel[] {
  const models: TranslationModel[] = [];
  try {
    for (const stem of stems) {
      models.push(loadModelToTranslate(stem, task, architectures, overrides));
    }
    return models;
  } catch (error) {
    disposeAll(models);
    throw error;
  }
}

export function disposeAll(models: readonly TranslationModel[]): void {
  for (const model of models) model.dispose();
}

/**
 * The task as a checkpoint was trained on it: its languages and padding, whatever corpora the folder has.
 * @param given options that count more than what the checkpoint says
 */
export function taskOfCheckpoint(stem: string, data: string, given: OptionValues = {}): TranslationTask {
  const { languages, options } = loadMetadata(stem);
  const recorded = { ...options, sourceLang: languages.source, targetLang: languages.target };
  return setupTranslation(data, selectOptions(translationOptions, { ...recorded, ...given }));
}
