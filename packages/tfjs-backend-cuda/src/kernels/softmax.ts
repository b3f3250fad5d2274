import type { KernelConfig } from '@tensorflow/tfjs-core';
import { int, pointer } from '../launch.js';
import { fitsIndex, isFloat, partialKernel, sizeOf } from './kernel.js';

const WARP = 32;
const MOST_THREADS = 512;

/** One block a row, of as many threads as there are columns, in whole warps. */
const threadsFor = (columns: number): number => Math.min(MOST_THREADS, WARP * Math.ceil(columns / WARP));

/** Over the last axis, as tfjs calls it. */
export const softmaxKernels: readonly KernelConfig[] = [
  partialKernel<'logits', { readonly dim: number }>('Softmax', ({ inputs: { logits }, attrs: { dim }, backend }) => {
    const { shape } = logits;
    const size = sizeOf(shape);
    const columns = shape[shape.length - 1] ?? 1;
    if (!isFloat(logits) || dim !== shape.length - 1 || !fitsIndex(size)) return null;
    const y = backend.output(shape);
    if (size === 0) return y;
    const parameters = [pointer(backend.address(logits)), pointer(backend.address(y)), int(columns)];
    backend.launch('softmax', 'softmax_rows', { grid: size / columns, block: threadsFor(columns) }, parameters);
    return y;
  }),
];
