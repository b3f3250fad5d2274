import { broadcast_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { addon } from '../addon.js';
import type { OneDnnBackend } from '../backend.js';
import { isFloat, partialKernel, sizeOf } from './kernel.js';

interface MatMulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

type FusedAttributes = MatMulAttributes & { readonly activation?: string | null };

/** a · b over the last two axes, float32; the axes before are batches. */
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
  addon().batchMatMul(
    ...([backend.floats(a), backend.floats(b), backend.floats(y)] as const),
    ...([sizeOf(batch), sizeOf(aBatch), sizeOf(bBatch)] as const),
    ...([m, n, k, transposeA, transposeB] as const),
  );
  return y;
}

/** The larger batch of a product must hold the smaller one whole times, as in the JavaScript kernel. */
const isSimpleBatch = (a: TensorInfo, b: TensorInfo): boolean => {
  const [aSize, bSize] = [sizeOf(a.shape.slice(0, -2)), sizeOf(b.shape.slice(0, -2))];
  return aSize === bSize || aSize === 1 || bSize === 1;
};

const isNative = (a: TensorInfo, b: TensorInfo): boolean =>
  isFloat(a) && isFloat(b) && isSimpleBatch(a, b) && sizeOf(a.shape) > 0 && sizeOf(b.shape) > 0;

const batchMatMul = partialKernel<'a' | 'b', MatMulAttributes>('BatchMatMul', ({ inputs: { a, b }, attrs, backend }) =>
  isNative(a, b) ? matMul(a, b, attrs, backend) : null,
);

/** activation(a · b + bias), native for a bias vector and no activation or ReLU. */
const fusedMatMul = partialKernel<'a' | 'b' | 'bias' | 'preluActivationWeights', FusedAttributes>(
  '_FusedMatMul',
  ({ inputs: { a, b, bias }, attrs, backend }) => {
    const { activation } = attrs;
    const simple = activation == null || activation === 'linear' || activation === 'relu';
    const columns = b.shape[b.shape.length - (attrs.transposeB ? 2 : 1)]!;
    if (!simple || !isNative(a, b)) return null;
    if (bias !== undefined && (sizeOf(bias.shape) !== columns || !isFloat(bias))) return null;
    const y = matMul(a, b, attrs, backend);
    if (bias !== undefined || activation === 'relu') {
      const offsets = bias === undefined ? new Float32Array(columns) : backend.floats(bias);
      addon().addBias(backend.floats(y), offsets, sizeOf(y.shape) / columns, columns, activation === 'relu');
    }
    return y;
  },
);

export const matMulKernels = [batchMatMul, fusedMatMul];
