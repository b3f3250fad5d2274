import { int, pointer } from '../launch.js';
import { gemm } from './gemm.js';
import type { Address, HostDevice } from './host-device.js';

interface Classifier {
  readonly features: Address; // [rows, embed]
  readonly weights: Address; // [classes, embed]
  readonly targets: Address; // int32 [rows]
  /** Logits of the first chunks, which the forward pass writes for the backward pass: [chunkRows, classes] each. */
  readonly kept: readonly Address[];
  /** The fields of ClassFunction in cu/class-function.h, FIELDS for each function. */
  readonly functions: Float32Array;
  readonly rows: number;
  readonly embed: number;
  readonly classes: number;
  /** Rows of a chunk of logits, see chunkRows. At least 1 if there are rows. */
  readonly chunk: number;
}

/** The number of fields of a class function. */
export const FIELDS = 8;

const THREADS = 256;

/** A chunk of logits should stay in the level-2 cache between the product that computes it and the kernels that read it. */
const CHUNK_BYTES = 32 * 2 ** 20;
const TILE_ROWS = 128;

/** The number of rows of a chunk of logits. It changes the order of sums, so it depends on the shape only. */
export function chunkRows(rows: number, classes: number): number {
  const fitting = Math.floor(CHUNK_BYTES / (4 * Math.max(classes, 1)) / TILE_ROWS) * TILE_ROWS;
  return Math.min(rows, Math.max(TILE_ROWS, fitting));
}

interface Chunk {
  readonly index: number;
  readonly first: number; // row
  readonly rows: number;
  readonly logits: Address; // [rows, classes]
}

/** Calls `work` for each chunk of rows, with the memory of its logits. */
function forChunks(
  device: HostDevice,
  { kept, rows, classes, chunk: most }: Pick<Classifier, 'kept' | 'rows' | 'classes' | 'chunk'>,
  work: (chunk: Chunk) => void,
): void {
  const all = (scratch: Address): void => {
    for (let index = 0, first = 0; first < rows; index++, first += most) {
      work({ index, first, rows: Math.min(most, rows - first), logits: kept[index] ?? scratch });
    }
  };
  if (kept.length * most >= rows) all(0);
  else device.borrow(4 * most * classes, all);
}

/** logits = features · weightsᵀ of a chunk. */
function computeLogits(device: HostDevice, { features, weights, embed, classes }: Classifier, chunk: Chunk): void {
  const a = features + 4 * chunk.first * embed;
  const { precision } = device;
  gemm(device, { a, b: weights, c: chunk.logits, m: chunk.rows, n: classes, k: embed, transposeB: true, precision });
}

/** Lends the class functions, and one row of `rows` elements for each, to `work`. */
function withFunctions(
  device: HostDevice,
  { functions, rows }: Pick<Classifier, 'functions' | 'rows'>,
  work: (functions: Address, sums: Address, count: number) => void,
): void {
  const count = functions.length / FIELDS;
  if (count === 0) {
    work(0, 0, 0);
    return;
  }
  device.borrow(functions.byteLength + 4 * count * rows, (address) => {
    device.driver.upload({ address, values: functions });
    work(address, address + functions.byteLength, count);
  });
}

/**
 * For each row of logits z:
 *   targetLogProb = log p(target), meanLogProb = (1/V) Σ_v log p_v, predictions = argmax z (the lowest index),
 *   sums[k] = Σ_v f_k(p_v)
 * A target that is no class has log-probability NaN.
 */
export function classifierStatistics(
  device: HostDevice,
  args: Classifier & {
    readonly targetLogProb: Address; // [rows]
    readonly meanLogProb: Address; // [rows]
    readonly predictions: Address; // int32 [rows]
    readonly sums: readonly Address[]; // [rows], one per function
  },
): void {
  const { targets, targetLogProb, meanLogProb, predictions, rows, classes } = args;
  if (rows === 0) return;
  withFunctions(device, args, (functions, sums, count) => {
    forChunks(device, args, (chunk) => {
      computeLogits(device, args, chunk);
      const at = (address: Address): Address => address + 4 * chunk.first;
      const results = [targets, targetLogProb, meanLogProb, predictions, sums].map(at);
      device.launcher.launch(
        device.modules.kernel('classifier-statistics', 'classifier_rows'),
        { grid: chunk.rows, block: THREADS },
        [...[chunk.logits, ...results, functions].map(pointer), ...[classes, count, rows].map(int)],
      );
    });
    args.sums.forEach((to, k) => {
      device.driver.copy({ to, from: sums + 4 * k * rows, bytes: 4 * rows });
    });
  });
}

/**
 * With g_t, g_m, g_k the gradients of the results of a row, and h_v = Σ_k g_k · p_v · f_k′(p_v):
 *   dz_v = g_t · (1[v = target] − p_v) + g_m · (1/V − p_v) + h_v − p_v · Σ_u h_u
 *   dFeatures = dz · weights, dWeights (+)= dzᵀ · features
 * Overwrites the kept logits.
 */
export function classifierStatisticsGrad(
  device: HostDevice,
  args: Classifier & {
    readonly dTargetLogProb: Address; // [rows]
    readonly dMeanLogProb: Address; // [rows]
    readonly dSums: readonly Address[]; // [rows], one per function
    readonly dFeatures: Address; // [rows, embed]
    readonly dWeights: Address; // [classes, embed]
    readonly accumulateWeights: boolean;
  },
): void {
  const { features, weights, targets, kept, rows, embed, classes } = args;
  const { dTargetLogProb, dMeanLogProb, dFeatures, dWeights, accumulateWeights } = args;
  if (rows === 0 && !accumulateWeights) device.driver.fill({ address: dWeights, word: 0, count: classes * embed });
  if (rows === 0) return;
  withFunctions(device, args, (functions, dSums, count) => {
    args.dSums.forEach((from, k) => {
      device.driver.copy({ to: dSums + 4 * k * rows, from, bytes: 4 * rows });
    });
    forChunks(device, args, (chunk) => {
      const { first, logits } = chunk;
      if (chunk.index >= kept.length) computeLogits(device, args, chunk);
      const gradients = [targets, dTargetLogProb, dMeanLogProb, dSums].map((address) => address + 4 * first);
      device.launcher.launch(
        device.modules.kernel('classifier-statistics', 'classifier_gradient_rows'),
        { grid: chunk.rows, block: THREADS },
        [...[logits, ...gradients, functions].map(pointer), ...[classes, count, rows].map(int)],
      );
      const [a, dz, n, { precision }] = [features + 4 * first * embed, logits, embed, device];
      gemm(device, { a: dz, b: weights, c: dFeatures + 4 * first * embed, m: chunk.rows, n, k: classes, precision });
      const accumulate = accumulateWeights || first > 0;
      const shape = { m: classes, n, k: chunk.rows, transposeA: true };
      gemm(device, { a: dz, b: a, c: dWeights, ...shape, accumulate, precision });
    });
  });
}
