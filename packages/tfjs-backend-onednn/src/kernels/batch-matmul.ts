import type { TensorInfo } from '@tensorflow/tfjs-core';
import { addon } from '../addon.js';
import type { OneDnnBackend } from '../backend.js';
import { broadcast_util } from '../core.js';
import { isFloat, partialKernel, sizeOf } from './kernel.js';

interface MatMulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

type FusedAttributes = MatMulAttributes & { readonly activation?: string | null };

/** For each product of the broadcast batch, the index of the matrix of this batch that it takes. */
function matrixIndices(batch: readonly number[], broadcast: readonly number[]): number[] {
  const sizes = [...new Array<number>(broadcast.length - batch.length).fill(1), ...batch];
  let indices = [0];
  broadcast.forEach((steps, axis) => {
    const size = sizes[axis]!;
    indices = indices.flatMap((index) =>
      Array.from({ length: steps }, (_, step) => index * size + (size === 1 ? 0 : step)),
    );
  });
  return indices;
}

/** Whether a batch equals the broadcast batch or fills it by repetition as a whole. */
function repeatsWhole(batch: readonly number[], broadcast: readonly number[]): boolean {
  const first = batch.findIndex((size) => size !== 1);
  return first === -1 || batch.every((size, axis) => axis < first || size === broadcast.at(axis - batch.length));
}

const matrixAt = (matrices: Float32Array, index: number, size: number): Float32Array =>
  matrices.subarray(index * size, (index + 1) * size);

/** a · b over the last two axes, float32. The axes before are batches. */
function matMul(
  a: TensorInfo,
  b: TensorInfo,
  { transposeA, transposeB }: MatMulAttributes,
  backend: OneDnnBackend,
): TensorInfo {
  const [aRows, aColumns] = a.shape.slice(-2) as [number, number];
  const [bRows, bColumns] = b.shape.slice(-2) as [number, number];
  const [m, k] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const [n, bInner] = transposeB ? [bRows, bColumns] : [bColumns, bRows];
  if (k !== bInner) {
    throw new Error(
      `Error in matMul: inner shapes (${k}) and (${bInner}) of Tensors with shapes ${a.shape} and ${b.shape} ` +
        `and transposeA=${transposeA} and transposeB=${transposeB} must match.`,
    );
  }
  const aBatch = a.shape.slice(0, -2);
  const bBatch = b.shape.slice(0, -2);
  const batch = broadcast_util.assertAndGetBroadcastShape(aBatch, bBatch);
  const y = backend.output([...batch, m, n]);
  const [src, weights, dst] = [backend.floats(a), backend.floats(b), backend.floats(y)];
  const shape = { m, n, k, transposeA, transposeB };
  if (repeatsWhole(aBatch, batch) && repeatsWhole(bBatch, batch)) {
    const batches = { batch: sizeOf(batch), srcBatch: sizeOf(aBatch), weightsBatch: sizeOf(bBatch) };
    addon().batchMatMul({ src, weights, dst, ...batches, ...shape });
    return y;
  }
  const bIndices = matrixIndices(bBatch, batch);
  matrixIndices(aBatch, batch).forEach((aIndex, index) => {
    addon().batchMatMul({
      src: matrixAt(src, aIndex, m * k),
      weights: matrixAt(weights, bIndices[index]!, k * n),
      dst: matrixAt(dst, index, m * n),
      ...{ batch: 1, srcBatch: 1, weightsBatch: 1 },
      ...shape,
    });
  });
  return y;
}

const isNative = (a: TensorInfo, b: TensorInfo): boolean =>
  isFloat(a) && isFloat(b) && a.shape.length >= 2 && b.shape.length >= 2 && sizeOf(a.shape) > 0 && sizeOf(b.shape) > 0;

function matMulFlops({ a, b }: Readonly<Record<'a' | 'b', TensorInfo>>, attrs: MatMulAttributes): number {
  const [batchA, batchB] = [a, b].map(({ shape }) => shape.slice(0, -2)) as [number[], number[]];
  const batch = sizeOf(broadcast_util.assertAndGetBroadcastShape(batchA, batchB));
  const [aRows, aColumns] = a.shape.slice(-2) as [number, number];
  return 2 * batch * aRows * aColumns * b.shape.at(attrs.transposeB ? -2 : -1)!;
}

const batchMatMul = partialKernel<'a' | 'b', MatMulAttributes>(
  'BatchMatMul',
  ({ inputs: { a, b }, attrs, backend }) => (isNative(a, b) ? matMul(a, b, attrs, backend) : null),
  matMulFlops,
);

const isBiasVector = (bias: TensorInfo, columns: number): boolean =>
  isFloat(bias) && sizeOf(bias.shape) === columns && bias.shape.at(-1) === columns;

/** activation(a · b + bias). Native for a bias vector and either no activation or ReLU. */
const fusedMatMul = partialKernel<'a' | 'b' | 'bias' | 'preluActivationWeights', FusedAttributes>(
  '_FusedMatMul',
  ({ inputs: { a, b, bias }, attrs, backend }) => {
    const { activation } = attrs;
    const simple = activation == null || activation === 'linear' || activation === 'relu';
    const columns = b.shape[b.shape.length - (attrs.transposeB ? 2 : 1)]!;
    if (!simple || !isNative(a, b)) return null;
    if (bias !== undefined && !isBiasVector(bias, columns)) return null;
    const y = matMul(a, b, attrs, backend);
    if (bias !== undefined || activation === 'relu') {
      const offsets = bias === undefined ? new Float32Array(columns) : backend.floats(bias);
      const rows = sizeOf(y.shape) / columns;
      addon().addBias({ y: backend.floats(y), bias: offsets, rows, columns, relu: activation === 'relu' });
    }
    return y;
  },
  matMulFlops,
);

export const matMulKernels = [batchMatMul, fusedMatMul];
