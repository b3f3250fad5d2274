import type { CheckpointMetadata } from '../../src/checkpoint/metadata.js';
import type { NamedTensor } from '../../src/checkpoint/safetensors-header.js';
import type { Checkpoint } from '../../src/checkpoint/stored-checkpoint.js';

export const sampleMetadata: CheckpointMetadata = {
  version: '0.1.0',
  task: 'translation',
  arch: 'transformer_tiny',
  options: { maxTokens: 4096, adamBetas: [0.9, 0.98], bestCheckpointMetric: 'loss' },
  languages: { source: 'de', target: 'en' },
  dictionaries: { de: 'aa', en: 'bb' },
  training: {
    epoch: 3,
    updates: 381,
    iterator: { epoch: 4, batch: 0 },
    bestMetric: -0.25,
    earlyStopping: { best: -0.25, validationsSince: 2 },
    seed: 1,
    meters: { ppl: Number.POSITIVE_INFINITY, loss: Number.NaN, zero: -0 },
  },
  machine: { device: 'cpu', threads: 2, oneDnn: '3.1.0' },
};

/** The metadata of a model from a plug-in, whose options and tensors are unknown. */
export const plugInMetadata: CheckpointMetadata = { ...sampleMetadata, arch: 'of_a_plug_in' };

export function vector(...values: number[]): NamedTensor {
  return { dtype: 'F32', shape: [values.length], data: Float32Array.from(values) };
}

export function sampleCheckpoint(...values: number[]): Checkpoint {
  return {
    metadata: sampleMetadata,
    weights: new Map([['encoder.embed_tokens.weight', vector(...values)]]),
    optimizer: new Map([
      ['exp_avg', vector(0.5, -0)],
      ['step', { dtype: 'I64', shape: [], data: BigInt64Array.of(381n) }],
    ]),
  };
}
