import { saveCheckpoint } from '../../src/checkpoint/checkpoint.js';
import type { TrainingState } from '../../src/checkpoint/metadata.js';
import { hashDictionary } from '../../src/data/dictionary-file.js';
import type { OptionValues } from '../../src/options/schema.js';
import { goldenWeights, REFERENCE_OPTIONS, referenceTask } from './reference-model.js';

/** Saves one of fairseq's checkpoints as `train` would save it with these options. @returns the stem */
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

/** The state of training at the beginning of an epoch, without any history. */
const stateAt = (epoch: number): TrainingState => ({
  epoch,
  updates: 0,
  iterator: null,
  bestMetric: null,
  earlyStopping: { best: null, validationsSince: 0 },
  seed: 1,
  meters: null,
});
