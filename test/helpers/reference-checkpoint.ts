import { saveCheckpoint } from '../../src/checkpoint/checkpoint.js';
import { hashDictionary } from '../../src/data/dictionary-file.js';
import { goldenWeights, REFERENCE_OPTIONS, referenceTask } from './reference-model.js';

/** Saves one of fairseq's checkpoints as `train` would have saved it. @returns the stem */
export function saveReferenceCheckpoint(stem: string, weights: Parameters<typeof goldenWeights>[0]): string {
  const { sourceDictionary, targetDictionary } = referenceTask();
  saveCheckpoint(stem, {
    metadata: {
      version: 'test',
      task: 'translation',
      arch: 'transformer',
      options: { ...REFERENCE_OPTIONS, criterion: 'cross_entropy' },
      languages: { source: 'de', target: 'en' },
      dictionaries: { de: hashDictionary(sourceDictionary), en: hashDictionary(targetDictionary) },
      training: null,
      machine: null,
    },
    weights: goldenWeights(weights),
    optimizer: null,
  });
  return stem;
}
