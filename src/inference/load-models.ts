import { openCheckpoint, storedMetadata } from '../checkpoint/stored-checkpoint.js';
import type { OpenedDevice } from '../ops/opened-device.js';
import { checkWeights, partsOf } from '../optim/weights.js';
import { checkRecordedOptions } from '../options/recorded.js';
import type { OptionValues } from '../options/schema.js';
import { selectOptions } from '../options/select.js';
import type { ArchitectureDefinition, TranslationModel } from '../plugins/model.js';
import type { Registry } from '../plugins/registry.js';
import { openTranslationTask, type TranslationTask, translationOptions } from '../tasks/translation.js';
import { buildModel } from './build-model.js';

/**
 * The models of an ensemble; none is left where one cannot be loaded.
 * @param device what they are to compute on
 * @throws UserError as `loadModel` does
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
 * A model that only translates. Where the device has a search engine, a weight is read when it is needed, and
 * given up while the engine has it in another form.
 */
async function loadModelToTranslate(
  stem: string,
  task: TranslationTask,
  architectures: Registry<ArchitectureDefinition>,
  device: OpenedDevice,
  overrides: OptionValues = {},
): Promise<TranslationModel> {
  const stored = device.searchEngine === null ? null : openCheckpoint(stem);
  if (stored === null) {
    const { loadWholeModel } = await import('./load-model.js');
    return loadWholeModel(stem, task, architectures, device, overrides);
  }
  const model = buildModel(stem, stored, task, architectures, device, overrides);
  checkWeights(model.parameters, stored.weights, stem);
  model.parameters.loadWhenNeeded((wanted) => {
    stored.read(wanted.flatMap(({ block, target }) => partsOf(block, target)));
  });
  return model;
}

/** Frees the weights of all models. */
export function disposeAll(models: readonly TranslationModel[]): void {
  for (const model of models) model.dispose();
}

/**
 * The task as a checkpoint was trained on it: its languages and padding, whatever corpora the folder has.
 * @param given options that count more than what the checkpoint says
 */
export async function taskOfCheckpoint(stem: string, data: string, given: OptionValues = {}): Promise<TranslationTask> {
  const { languages, options } =
    storedMetadata(stem) ?? (await import('../checkpoint/checkpoint.js')).loadMetadata(stem);
  const checked = checkRecordedOptions(stem, options, translationOptions);
  const recorded = { ...checked, sourceLang: languages.source, targetLang: languages.target };
  return openTranslationTask(data, selectOptions(translationOptions, { ...recorded, ...given }));
}
