import type { TensorInfo } from '@tensorflow/tfjs-core';
import { addon } from '../addon.js';
import type { OneDnnBackend } from '../backend.js';
import { backend_util, util } from '../core.js';
import { isFloat, partialKernel, sizeOf } from './kernel.js';

interface ReduceAttributes {
  readonly axis: number | number[];
  readonly keepDims: boolean;
}

/** Σ over the last axes or the first axes; null for others. */
function sum(x: TensorInfo, { axis, keepDims }: ReduceAttributes, backend: OneDnnBackend): TensorInfo | null {
  const rank = x.shape.length;
  const axes = util.parseAxisParam(axis, x.shape).sort((a, b) => a - b);
  const split = axes[0] === 0 ? axes.length : rank - axes.length;
  const leading = axes.every((reduced, index) => reduced === index);
  const trailing = axes.every((reduced, index) => reduced === split + index);
  if (axes.length === 0 || (!leading && !trailing)) return null;
  const [reduced] = backend_util.computeOutAndReduceShapes(x.shape, axes);
  const y = backend.output(keepDims ? backend_util.expandShapeToKeepDim(reduced, axes) : reduced);
  const all = axes.length === rank;
  const rows = all ? 1 : sizeOf(x.shape.slice(0, split));
  const columns = all ? sizeOf(x.shape) : sizeOf(x.shape.slice(split));
  const native = trailing || all ? addon().rowSums : addon().columnSums;
  native({ x: backend.floats(x), sums: backend.floats(y), rows, columns });
  return y;
}

export const sumKernels = [
  partialKernel<'x', ReduceAttributes>('Sum', ({ inputs: { x }, attrs, backend }) =>
    isFloat(x) ? sum(x, attrs, backend) : null,
  ),
];
