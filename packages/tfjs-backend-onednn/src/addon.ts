import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { availableThreads } from './available-threads.js';

/** Dropout of one site in one pass; the order in which the add-on reads it. */
export type DropoutArguments = readonly [
  probability: number, // 0 = no dropout
  seed: number,
  update: number,
  microBatch: number,
  site: number,
];

/** Sequences, heads, headDim, longestKey, causal. */
type AttentionArguments = readonly [number, number, number, number, boolean];

type Floats = Float32Array;
type Integers = Int32Array;

/**
 * The native functions: arrays first (inputs, then outputs), then the fields of the shape struct of the same kernel in
 * cc/kernels/*.h, which documents them. Shapes are not checked below this line.
 */
export interface Addon {
  describe(): { oneDnnVersion: string; threads: number; isa: string };
  /** Which of the add-on's builds suits this processor best: `v4` (AVX-512), `v3` (AVX2) or `baseline`. */
  bestBuild(): string;
  setThreads(threads: number): void;
  /** Whether the products of layers round their operands to bfloat16. */
  setBfloat16(on: boolean): void;
  /** Matrix-product primitives that are kept for the next call with the same shape. */
  cachedPrimitives(): number;
  /** Whether this processor has products of bfloat16. */
  canBfloat16(): boolean;
  /** Uninitialised memory at a multiple of 64 bytes. */
  newBlock(bytes: number): ArrayBuffer;
  /** Gives a block's memory back at once; views of it become empty. */
  releaseBlock(block: ArrayBuffer): void;
  /** Bytes from the last multiple of 64 to the address of an array's first element. */
  misalignment(memory: Floats): number;
  /** Builds with AddressSanitizer: whether a piece of a block may be touched from here on. */
  guardPiece?(block: ArrayBuffer, offset: number, bytes: number, permitted: boolean): void;

  linear(
    x: Floats,
    weight: Floats,
    bias: Floats,
    y: Floats,
    rows: number,
    size: number,
    out: number,
    relu: boolean,
  ): void;
  linearGrad(
    ...args: [
      ...[x: Floats, weight: Floats, y: Floats, dy: Floats, dx: Floats, dWeight: Floats, dBias: Floats],
      ...[rows: number, size: number, out: number, relu: boolean],
      ...[accumulateWeight: boolean, accumulateBias: boolean],
    ]
  ): void;
  selfAttention(
    ...args: [
      ...[queryKeyValue: Floats, starts: Integers, keyPadding: Integers, context: Floats, logSumExp: Floats],
      ...AttentionArguments,
      ...DropoutArguments,
    ]
  ): void;
  selfAttentionGrad(
    ...args: [
      ...[queryKeyValue: Floats, starts: Integers, keyPadding: Integers, context: Floats, logSumExp: Floats],
      ...[dContext: Floats, dQueryKeyValue: Floats],
      ...AttentionArguments,
      ...DropoutArguments,
    ]
  ): void;
  crossAttention(
    ...args: [
      ...[query: Floats, queryStarts: Integers, keyValue: Floats, keyStarts: Integers, keyPadding: Integers],
      ...[context: Floats, logSumExp: Floats],
      ...AttentionArguments,
      ...DropoutArguments,
    ]
  ): void;
  crossAttentionGrad(
    ...args: [
      ...[query: Floats, queryStarts: Integers, keyValue: Floats, keyStarts: Integers, keyPadding: Integers],
      ...[context: Floats, logSumExp: Floats, dContext: Floats, dQuery: Floats, dKeyValue: Floats],
      ...AttentionArguments,
      ...DropoutArguments,
    ]
  ): void;
  dropout(
    ...args: [x: Floats, residual: Floats | null, y: Floats, rows: number, columns: number, ...DropoutArguments]
  ): void;
  dropoutMask(...args: [mask: Floats, rows: number, columns: number, ...DropoutArguments]): void;
  layerNorm(
    ...args: [
      ...[x: Floats, residual: Floats | null, gain: Floats, bias: Floats],
      ...[sums: Floats | null, y: Floats, mean: Floats, rstd: Floats],
      ...[rows: number, columns: number, epsilon: number],
      ...DropoutArguments,
    ]
  ): void;
  layerNormGrad(
    ...args: [
      ...[x: Floats, residual: Floats | null, gain: Floats, mean: Floats, rstd: Floats, dy: Floats],
      ...[dx: Floats, dResidual: Floats | null, dGain: Floats, dBias: Floats],
      ...[rows: number, columns: number, epsilon: number],
      ...[accumulateGain: boolean, accumulateBias: boolean],
      ...DropoutArguments,
    ]
  ): void;
  embedding(
    ...args: [
      ...[ids: Integers, weight: Floats, positions: Integers, positionTable: Floats, y: Floats],
      ...[tokens: number, embed: number, vocab: number, positionCount: number, scale: number],
    ]
  ): void;
  scatterAdd(
    ...args: [
      ...[ids: Integers, dy: Floats, table: Floats],
      ...[tokens: number, rows: number, embed: number, scale: number, skip: number, accumulate: boolean],
    ]
  ): void;
  classifierStatistics(
    ...args: [
      ...[features: Floats, weights: Floats, targets: Integers],
      ...[targetLogProb: Floats, meanLogProb: Floats, predictions: Integers, kept: Floats[], sums: Floats[]],
      functions: Float64Array,
      ...[rows: number, embed: number, classes: number, chunk: number],
    ]
  ): void;
  classifierStatisticsGrad(
    ...args: [
      ...[features: Floats, weights: Floats, targets: Integers],
      ...[dTargetLogProb: Floats, dMeanLogProb: Floats, kept: Floats[], dSums: Floats[]],
      ...[dFeatures: Floats, dWeights: Floats],
      functions: Float64Array,
      ...[rows: number, embed: number, classes: number, chunk: number, accumulateWeights: boolean],
    ]
  ): void;

  /** y ← y + bias, then ReLU where asked. */
  addBias(y: Floats, bias: Floats, rows: number, columns: number, relu: boolean): void;
  batchMatMul(
    ...args: [
      ...[src: Floats, weights: Floats, dst: Floats],
      ...[batch: number, srcBatch: number, weightsBatch: number],
      ...[m: number, n: number, k: number, transposeA: boolean, transposeB: boolean],
    ]
  ): void;
  /** operation: 0 a + b, 1 a − b, 2 a · b, 3 a / b */
  binary(
    ...args: [
      ...[operation: number, a: Floats, b: Floats, y: Floats, rows: number, columns: number],
      ...[aRow: number, aColumn: number, bRow: number, bColumn: number],
    ]
  ): void;
  copyPieces(
    ...args: [
      ...[source: Floats | Integers, target: Floats | Integers, pieces: number, length: number],
      ...[sourceStride: number, targetStride: number, sourceOffset: number, targetOffset: number],
    ]
  ): void;
  gather(
    ...args: [
      ...[x: Floats | Integers, indices: Integers, y: Floats | Integers],
      ...[batch: number, outer: number, dim: number, slice: number, count: number],
    ]
  ): void;
  softmax(x: Floats, y: Floats, rows: number, columns: number): void;
  logSoftmax(x: Floats, y: Floats, rows: number, columns: number): void;
  rowSums(x: Floats, sums: Floats, rows: number, columns: number): void;
  columnSums(x: Floats, sums: Floats, rows: number, columns: number): void;
  topK(x: Floats, values: Floats, indices: Integers, rows: number, columns: number, k: number): void;
  transpose(x: Floats | Integers, y: Floats | Integers, sizes: readonly number[], permutation: readonly number[]): void;

  /** sizes: see cc/kernels/transformer-handles.h; precision: 0 float32, 1 bfloat16, 2 int8. A handle to be closed. */
  openTransformer(
    ...args: [
      ...[sizes: readonly number[], encoderScale: number, decoderScale: number],
      ...[weights: (index: number) => Floats, count: number, precision: number],
    ]
  ): number;
  closeTransformer(transformer: number): void;
  openDecoding(
    ...args: [
      ...[transformer: number, ids: Integers, positions: Integers, starts: Integers],
      ...[sentences: number, beam: number],
    ]
  ): number;
  closeDecoding(decoding: number): void;
  selectRows(decoding: number, rows: Integers, count: number): void;
  decodingStep(decoding: number, tokens: Integers, position: number, features: Floats | null): void;
  decodingTop(decoding: number, penalties: Floats | null, temperature: number, table: Floats, width: number): void;

  squaredNorm(x: Floats, size: number): number;
  scale(x: Floats, size: number, factor: number): void;
  accumulate(sum: Floats, x: Floats, size: number): void;
  discard(x: Floats, size: number): void;
  adamStep(
    ...args: [
      ...[values: Floats, gradients: Floats, firstMoment: Floats, secondMoment: Floats, size: number],
      ...[beta1: number, beta2: number, epsilon: number, stepSize: number, decay: number],
    ]
  ): void;
}

/** Which build to load instead of the best one for this processor: `v4`, `v3` or `baseline`, for tests. */
const BUILD_VARIABLE = 'TFJS_ONEDNN_BUILD';

/** Which folder of build/ they are loaded from: `Release`, or `sanitized` for tests. */
const FOLDER_VARIABLE = 'TFJS_ONEDNN_FOLDER';

const pathOf = (build: string): string =>
  fileURLToPath(new URL(`../build/${process.env[FOLDER_VARIABLE] ?? 'Release'}/onednn_${build}.node`, import.meta.url));

let loaded: Addon | null = null;

/**
 * The add-on, loaded when first asked for: of its builds for several instruction sets, the one for this processor.
 * @throws Error when it is not built or does not load
 */
export function addon(): Addon {
  if (loaded === null) {
    loaded = load(process.env[BUILD_VARIABLE] ?? load('baseline').bestBuild());
    loaded.setThreads(availableThreads());
  }
  return loaded;
}

function load(build: string): Addon {
  const path = pathOf(build);
  if (!existsSync(path)) {
    const script = fileURLToPath(new URL('../scripts/build.js', import.meta.url));
    throw new Error(`the native add-on is not built (onednn_${build}.node is missing): node ${script} builds it`);
  }
  return createRequire(import.meta.url)(path) as Addon;
}

/** Whether the add-on is there and loads; if not, why. */
export function isAvailable(): { available: boolean; reason: string | null } {
  try {
    addon();
    return { available: true, reason: null };
  } catch (error) {
    return { available: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
