import { createHash } from 'node:crypto';
import type { CheckpointSaver, TrainingRun } from './checkpoint-saver.js';
import { hashOfData } from './hash-of-data.js';
import type { BatchedSplit } from './train-data.js';

/** What ranks compare of a run. */
interface Start {
  readonly run: TrainingRun;
  readonly saver: CheckpointSaver;
  readonly validation: { readonly splits: readonly BatchedSplit[] };
}

/**
 * Checks that all ranks start with the same version, options, data and weights.
 * @throws UserError that names the ranks that differ
 */
export async function checkSameStart({ run: { trainer, data }, saver, validation }: Start): Promise<void> {
  const { workers } = trainer;
  if (workers.size === 1) return;
  const { version, options, dictionaries, arch } = saver.identity;
  const { average, model, optimizer } = trainer.parts;
  await workers.checkSame([
    ['version of ts-fairseq', version],
    ['architecture', arch ?? ''],
    ...Object.entries(options).map(([key, value]) => [`option '${key}'`, JSON.stringify(value)] as const),
    ...Object.entries(dictionaries).map(([language, hash]) => [`dictionary of '${language}'`, hash] as const),
    ['training data', hashOfData(data.data)],
    ...validation.splits.map((split) => [`validation data '${split.data.split}'`, hashOfData(split.data)] as const),
    ['number of updates in its checkpoint', String(trainer.updates)],
    ['initial weights', hashOf([model.parameters.values])],
    ['optimizer state', hashOf(Object.values(optimizer.arenas))],
    ['moving average', hashOf([average?.values ?? new Float32Array()])],
  ]);
}

/** SHA-256 of arrays. */
function hashOf(arrays: readonly Float32Array[]): string {
  const hash = createHash('sha256');
  for (const array of arrays) hash.update(array);
  return hash.digest('hex');
}
