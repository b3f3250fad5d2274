import type { DataType, KernelConfig, Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import type { CudaBackend } from '../backend.js';
import { backend_util, util } from '../core.js';
import { int, pointer } from '../launch.js';
import type { DeviceType } from '../tensor-data.js';
import { wordOf } from './fill.js';
import { elementwise, fitsIndex, isOnDevice, partialKernel, sizeOf } from './kernel.js';

/** The bits of NaN, the value for an index that is out of range. */
const NAN_BITS = 0x7fc00000;

/** Checks the indices if the host has them: looking at the device's would wait for it. @throws Error for one out of range */
function checkKnownIndices(backend: CudaBackend, indices: TensorInfo, dim: number): void {
  const values = backend.hostValues(indices) as Int32Array | null;
  for (const index of values ?? []) {
    if (index < 0 || index >= dim) throw new Error(`GatherV2: the index value ${index} is not in [0, ${dim - 1}]`);
  }
}

const THREADS = 256;

/** y[s] = Σ of x[i] with segmentIds[i] = s, in the order of i. Ids that are negative or too large are skipped. */
const unsortedSegmentSum = partialKernel<'x' | 'segmentIds', { readonly numSegments: number }>(
  'UnsortedSegmentSum',
  ({ inputs: { x, segmentIds }, attrs: { numSegments }, backend }) => {
    const inner = x.shape.slice(segmentIds.shape.length);
    const [rows, columns] = [sizeOf(segmentIds.shape), sizeOf(inner)];
    const fits = fitsIndex(sizeOf(x.shape)) && fitsIndex(numSegments * columns) && numSegments > 0 && columns > 0;
    if (x.dtype !== 'float32' || segmentIds.dtype !== 'int32' || !fits) return null;
    const y = backend.output([numSegments, ...inner]);
    backend.launch('gather', 'segment_sum', { grid: numSegments, block: THREADS }, [
      ...[x, segmentIds, y].map((tensor) => pointer(backend.address(tensor))),
      int(rows),
      int(columns),
    ]);
    return y;
  },
);

interface OneHotAttributes {
  readonly dtype: DataType;
  readonly depth: number;
  readonly onValue: number;
  readonly offValue: number;
}

const oneHot = partialKernel<'indices', OneHotAttributes>('OneHot', ({ inputs: { indices }, attrs, backend }) => {
  const { dtype, depth, onValue, offValue } = attrs;
  const size = sizeOf(indices.shape) * depth;
  if (indices.dtype !== 'int32' || (dtype !== 'float32' && dtype !== 'int32') || !fitsIndex(size)) return null;
  const y = backend.output([...indices.shape, depth], dtype);
  if (size === 0) return y;
  backend.launch('gather', 'one_hot_words', elementwise(size), [
    pointer(backend.address(indices)),
    pointer(backend.address(y)),
    int(size),
    int(depth),
    int(wordOf(onValue, dtype)),
    int(wordOf(offValue, dtype)),
  ]);
  return y;
});

/**
 * An index out of range is an error where the host knows the indices. Elsewhere it gives NaN, or 0 of integers.
 */
export const gatherKernels: readonly KernelConfig[] = [
  oneHot,
  unsortedSegmentSum,
  partialKernel<'x' | 'indices', { readonly axis: number; readonly batchDims?: number }>(
    'GatherV2',
    ({ inputs: { x, indices }, attrs: { axis, batchDims }, backend }) => {
      if (!isOnDevice(x) || indices.dtype !== 'int32') return null;
      const gatherAxis = util.parseAxisParam(axis, x.shape)[0]!;
      checkKnownIndices(backend, indices, x.shape[gatherAxis]!);
      const { collectGatherOpShapeInfo } = backend_util.segment_util; // typed for Tensor; reads shapes only
      const info = collectGatherOpShapeInfo(x as Tensor, indices as Tensor, gatherAxis, batchDims ?? 0);
      const size = sizeOf(info.outputShape);
      if (!fitsIndex(size) || !fitsIndex(sizeOf(x.shape))) return null;
      const y = backend.output(info.outputShape, x.dtype as DeviceType);
      if (size === 0) return y;
      backend.launch('gather', x.dtype === 'bool' ? 'gather_bytes' : 'gather_words', elementwise(size), [
        ...[x, indices, y].map((tensor) => pointer(backend.address(tensor))),
        ...[size, info.outerSize, info.dimSize, sizeOf(indices.shape) / info.batchSize, info.sliceSize].map(int),
        int(x.dtype === 'float32' ? NAN_BITS : 0),
      ]);
      return y;
    },
  ),
];
