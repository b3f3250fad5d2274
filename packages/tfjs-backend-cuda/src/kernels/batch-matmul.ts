import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { CudaBackend } from '../backend.js';
import { broadcast_util } from '../core.js';
import { gemm, MOST_ROWS, type Product } from '../host/gemm.js';
import { fitsIndex, floats, isFloat, partialKernel, sizeOf } from './kernel.js';

interface MatMulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

type FusedAttributes = MatMulAttributes & { readonly activation?: string | null };

/** The most blocks along the axis of a grid that batches share. */
const MOST_BATCHES = 4096;

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

/** The elements from one matrix of a batch to the next: 0 for a single matrix; null if neither describes the batch. */
function strideOf(batch: readonly number[], broadcast: readonly number[], size: number): number | null {
  if (sizeOf(batch) === 1) return 0;
  return sizeOf(batch) === sizeOf(broadcast) ? size : null;
}

/** op(a) · op(b) [+ bias] [ReLU] over the last two axes, float32. The axes before are batches. */
function matMul(
  { a, b }: Readonly<Record<'a' | 'b', TensorInfo>>,
  { transposeA, transposeB }: MatMulAttributes,
  backend: CudaBackend,
  finish: Pick<Product, 'bias' | 'relu'> = {},
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
  const [aBatch, bBatch] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const batch = broadcast_util.assertAndGetBroadcastShape(aBatch, bBatch);
  const y = backend.output([...batch, m, n]);
  const at = floats(backend, { a, b, y });
  const shape = { m, n, k, transposeA, transposeB, ...finish };
  const [strideA, strideB] = [strideOf(aBatch, batch, m * k), strideOf(bBatch, batch, k * n)];
  const batches = sizeOf(batch);
  if (strideA !== null && strideB !== null && batches <= MOST_BATCHES) {
    gemm(backend, { a: at.a, b: at.b, c: at.y, ...shape, batches, strideA, strideB });
    return y;
  }
  const bIndices = matrixIndices(bBatch, batch);
  matrixIndices(aBatch, batch).forEach((aIndex, index) => {
    const operands = { a: at.a + 4 * aIndex * m * k, b: at.b + 4 * bIndices[index]! * k * n };
    gemm(backend, { ...operands, c: at.y + 4 * index * m * n, ...shape });
  });
  return y;
}

/** Whether the kernels compute a product: its grid has an axis for the rows, and they index the elements of a matrix. */
export function isOwnProduct(a: TensorInfo, b: TensorInfo, { transposeA, transposeB }: MatMulAttributes): boolean {
  if (![a, b].every((x) => isFloat(x) && x.shape.length >= 2 && sizeOf(x.shape) > 0 && fitsIndex(sizeOf(x.shape))))
    return false;
  const rows = a.shape.at(transposeA ? -1 : -2)!;
  const columns = b.shape.at(transposeB ? -2 : -1)!;
  return rows <= MOST_ROWS && fitsIndex(rows * columns);
}

const batchMatMul = partialKernel<'a' | 'b', MatMulAttributes>('BatchMatMul', ({ inputs, attrs, backend }) =>
  isOwnProduct(inputs.a, inputs.b, attrs) ? matMul(inputs, attrs, backend) : null,
);

const isBiasVector = (bias: TensorInfo, columns: number): boolean =>
  isFloat(bias) && sizeOf(bias.shape) === columns && bias.shape.at(-1) === columns;

/** activation(a · b + bias), for a bias vector and either no activation or ReLU. */
const fusedMatMul = partialKernel<'a' | 'b' | 'bias' | 'preluActivationWeights', FusedAttributes>(
  '_FusedMatMul',
  ({ inputs, attrs, backend }) => {
    const { a, b, bias } = inputs as typeof inputs & { readonly bias: TensorInfo | undefined };
    const { activation } = attrs;
    const isSimple = activation == null || activation === 'linear' || activation === 'relu';
    if (!isSimple || !isOwnProduct(a, b, attrs)) return null;
    const columns = b.shape[b.shape.length - (attrs.transposeB ? 2 : 1)]!;
    if (bias !== undefined && !isBiasVector(bias, columns)) return null;
    const finish = { bias: bias === undefined ? null : backend.address(bias), relu: activation === 'relu' };
    return matMul({ a, b }, attrs, backend, finish);
  },
);

export const matMulKernels: readonly KernelConfig[] = [batchMatMul, fusedMatMul];
