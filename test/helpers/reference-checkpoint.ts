import { saveCheckpoint } from '../../src/checkpoint/checkpoint.js';
import type { RecordedTrainingState } from '../../src/checkpoint/training-state.js';
import { hashDictionary } from '../../src/data/dictionary-file.js';
import type { OptionValues } from '../../src/options/schema.js';
import { goldenWeights, REFERENCE_OPTIONS, referenceTask } from './reference-model.js';

/** Saves one of fairseq's checkpoints as `train` would have saved it, with these options. @returns the stem */
export function saveReferenceCheckpoint(
  stem: string,
  weights: Parameters<typeof goldenWeights>[0],
  { options = {}, epoch }: { options?: OptionValues; epoch?: number } = {},
): string {
  const { sourceDictionary, targetDictionary } = referenceTask();
  saveCheckpoint(stem, {
    metadata: {
      version: 'test',
      task: 'translation',
      arch: 'transformer',
      options: { ...REFERENCE_OPTIONS, criterion: 'cross_entropy', ...options },
      languages: { source: 'de', target: 'en' },
      dictionaries: { de: hashDictionary(sourceDictionary), en: hashDictionary(targetDictionary) },
      training: epoch === undefined ? null : stateAt(epoch),
      machine: null,
    },
    weights: goldenWeights(weights),
    optimizer: null,
  });
  return stem;
}

/** Where training stands in an epoch; of the rest nothing has happened. */
const stateAt = (epoch: number): RecordedTrainingState => ({
  epoch,
  updates: 0,
  iterator: null,
  bestMetric: null,
  earlyStopping: { best: null, validationsSince: 0 },
  seed: 1,
  meters: null,
});
