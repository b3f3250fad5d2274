import { int, pointer } from '../launch.js';
import { gemm } from './gemm.js';
import type { Address, HostDevice, Storage } from './host-device.js';

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
  /** How tables are stored. In bfloat16 precision they may be bfloat16; others are float32. */
  readonly storage?: Readonly<Partial<Record<'features' | 'weights' | 'dFeatures', Storage>>>;
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

/** The address of the first row of a chunk in a table of `columns`. */
const rowsAt = (address: Address, { first }: Chunk, columns: number, storage: Storage = 'float32'): Address =>
  address + (storage === 'bfloat16' ? 2 : 4) * first * columns;

/** logits = features · weightsᵀ of a chunk, in float32. */
function computeLogits(device: HostDevice, args: Classifier, chunk: Chunk): void {
  const { features, weights, embed, classes, storage = {} } = args;
  gemm(device, {
    ...{ a: rowsAt(features, chunk, embed, storage.features), b: weights, c: chunk.logits, transposeB: true },
    ...{ m: chunk.rows, n: classes, k: embed, precision: device.precision },
    storage: { a: storage.features, b: storage.weights },
  });
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
  const { targets, kept, rows, embed, classes, dTargetLogProb, dMeanLogProb, dWeights, accumulateWeights } = args;
  if (rows === 0 && !accumulateWeights) device.driver.fill({ address: dWeights, word: 0, count: classes * embed });
  if (rows === 0) return;
  withFunctions(device, args, (functions, dSums, count) => {
    args.dSums.forEach((from, k) => {
      device.driver.copy({ to: dSums + 4 * k * rows, from, bytes: 4 * rows });
    });
    forChunks(device, args, (chunk) => {
      if (chunk.index >= kept.length) computeLogits(device, args, chunk);
      const gradients = [targets, dTargetLogProb, dMeanLogProb, dSums].map((address) => rowsAt(address, chunk, 1));
      device.launcher.launch(
        device.modules.kernel('classifier-statistics', `classifier_gradient_rows_${device.precision}`),
        { grid: chunk.rows, block: THREADS },
        [...[chunk.logits, ...gradients, functions].map(pointer), ...[classes, count, rows].map(int)],
      );
      multiplyGradients(device, args, chunk);
    });
  });
}

/** dFeatures and dWeights of a chunk from the gradient of its logits, which has taken their place, in the precision of products. */
function multiplyGradients(
  device: HostDevice,
  args: Parameters<typeof classifierStatisticsGrad>[1],
  chunk: Chunk,
): void {
  const { features, weights, dFeatures, dWeights, embed, classes, accumulateWeights, storage = {} } = args;
  const { precision } = device;
  const dz = { a: chunk.logits, rowStrideA: precision === 'bfloat16' ? 2 * classes : classes };
  gemm(device, {
    ...{ ...dz, b: weights, c: rowsAt(dFeatures, chunk, embed, storage.dFeatures), precision },
    ...{ m: chunk.rows, n: embed, k: classes },
    storage: { a: precision, b: storage.weights, c: storage.dFeatures },
  });
  gemm(device, {
    ...{ ...dz, b: rowsAt(features, chunk, embed, storage.features), c: dWeights, transposeA: true, precision },
    ...{ m: classes, n: embed, k: chunk.rows, accumulate: accumulateWeights || chunk.first > 0 },
    storage: { a: precision, b: storage.features },
  });
}
