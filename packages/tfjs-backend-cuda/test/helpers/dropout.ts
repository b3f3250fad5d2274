import { dropoutMask } from '../../../../src/ops/philox.js';
import type { Dropout } from '../../src/host/dropout.js';

export const NO_DROPOUT: Dropout = { probability: 0, seed: 0, update: 0, microBatch: 0, site: 0 };
export const DROPOUT: Dropout = { probability: 0.3, seed: 7, update: 11, microBatch: 2, site: 5 };
export const SITES = [
  { title: 'without dropout', dropout: NO_DROPOUT },
  { title: 'with dropout', dropout: DROPOUT },
];

/** The mask as every backend computes it: [rows, columns]. */
export const maskOf = (dropout: Dropout, rows: number, columns: number): Float32Array =>
  dropout.probability === 0 ? new Float32Array(rows * columns).fill(1) : dropoutMask(dropout, rows, columns);
