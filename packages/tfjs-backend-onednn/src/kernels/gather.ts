import type { Tensor } from '@tensorflow/tfjs-core';
import { addon } from '../addon.js';
import { backend_util, util } from '../core.js';
import { checkIntegers, checkSize, checkWhole } from './checks.js';
import { isFloat, isWords, partialKernel, sizeOf } from './kernel.js';

interface GatherAttributes {
  readonly axis: number;
  readonly batchDims?: number;
}

const gather = partialKernel<'x' | 'indices', GatherAttributes>(
  'GatherV2',
  ({ inputs: { x, indices }, attrs: { axis, batchDims }, backend }) => {
    if (!isWords(x)) return null;
    checkIntegers('indices', indices);
    const gatherAxis = util.parseAxisParam(axis, x.shape)[0]!;
    const { collectGatherOpShapeInfo } = backend_util.segment_util; // typed for Tensor; reads shapes only
    const info = collectGatherOpShapeInfo(x as Tensor, indices as Tensor, gatherAxis, batchDims ?? 0);
    const y = backend.output(info.outputShape, x.dtype as 'float32' | 'int32');
    addon().gather({
      ...{ x: backend.words(x), indices: backend.integers(indices), y: backend.words(y) },
      ...{ batch: info.batchSize, outer: info.outerSize, dim: info.dimSize, slice: info.sliceSize },
      count: sizeOf(indices.shape) / info.batchSize,
    });
    return y;
  },
);

/** y[s] = Σ of x[i] with segmentIds[i] = s, in the order of i. Skips negative ids. */
const unsortedSegmentSum = partialKernel<'x' | 'segmentIds', { readonly numSegments: number }>(
  'UnsortedSegmentSum',
  ({ inputs: { x, segmentIds }, attrs: { numSegments }, backend }) => {
    if (!isFloat(x)) return null;
    const inner = x.shape.slice(segmentIds.shape.length);
    checkIntegers('segmentIds', segmentIds);
    checkWhole('numSegments', numSegments, 0);
    checkSize('x', x, [...segmentIds.shape, ...inner]);
    const y = backend.output([numSegments, ...inner]);
    addon().scatterAdd({
      ...{ ids: backend.integers(segmentIds), dy: backend.floats(x), table: backend.floats(y) },
      ...{ tokens: sizeOf(segmentIds.shape), rows: numSegments, embed: sizeOf(inner) },
      ...{ scale: 1, skip: -1, accumulate: false },
    });
    return y;
  },
);

export const gatherKernels = [gather, unsortedSegmentSum];
