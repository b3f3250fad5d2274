import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import { addon } from '../addon.js';
import type { OneDnnBackend } from '../backend.js';
import { backend_util, slice_util, util } from '../core.js';
import { checkWhole } from './checks.js';
import { isWords, partialKernel, sizeOf } from './kernel.js';

/** The part [begin, begin + size) of one axis, and all of the others. */
function sliceAxis(x: TensorInfo, axis: number, begin: number, size: number, backend: OneDnnBackend): TensorInfo {
  checkWhole('size', size, 0, x.shape[axis]! - begin); // tfjs checks only the sum of the sizes of a split
  const shape = [...x.shape];
  shape[axis] = size;
  const y = backend.output(shape, x.dtype as 'float32' | 'int32');
  const inner = sizeOf(x.shape.slice(axis + 1));
  addon().copyPieces({
    ...{ source: backend.words(x), target: backend.words(y) },
    ...{ pieces: sizeOf(x.shape.slice(0, axis)), length: size * inner },
    ...{ sourceStride: x.shape[axis]! * inner, sourceOffset: begin * inner },
    ...{ targetStride: size * inner, targetOffset: 0 },
  });
  return y;
}

/** Native if at most one axis is cut. */
const slice = partialKernel<'x', { readonly begin: number | number[]; readonly size: number | number[] }>(
  'Slice',
  ({ inputs: { x }, attrs, backend }) => {
    if (!isWords(x) || x.shape.length === 0) return null;
    const tensor = x as Tensor; // as tfjs types it; only its shape is read
    const [begin, size] = slice_util.parseSliceParams(tensor, attrs.begin, attrs.size) as [number[], number[]];
    slice_util.assertParamsValid(tensor, begin, size);
    for (const first of begin) checkWhole('begin', first, 0); // tfjs checks only the end of the part
    const cut = size.flatMap((length, axis) => (length === x.shape[axis] ? [] : [axis]));
    if (cut.length > 1) return null;
    const axis = cut[0] ?? 0;
    return sliceAxis(x, axis, begin[axis]!, size[axis]!, backend);
  },
);

const splitV = partialKernel<'x', { readonly numOrSizeSplits: number | number[]; readonly axis: number }>(
  'SplitV',
  ({ inputs: { x }, attrs, backend }) => {
    if (!isWords(x)) return null;
    const axis = util.parseAxisParam(attrs.axis, x.shape)[0]!;
    let begin = 0;
    return backend_util.prepareSplitSize(x as Tensor, attrs.numOrSizeSplits, axis).map((size) => {
      const part = sliceAxis(x, axis, begin, size, backend);
      begin += size;
      return part;
    });
  },
);

const concat = partialKernel<string, { readonly axis: number }>('Concat', ({ inputs, attrs, backend }) => {
  const parts = Object.values(inputs);
  const first = parts[0];
  if (first === undefined) throw new Error('there are no tensors to concatenate');
  const axis = util.parseAxisParam(attrs.axis, first.shape)[0]!;
  if (!isWords(first) || parts.some(({ dtype }) => dtype !== first.dtype)) return null;
  backend_util.assertParamsConsistent(
    parts.map(({ shape }) => shape),
    axis,
  );
  const shape = backend_util.computeOutShape(
    parts.map((part) => part.shape),
    axis,
  );
  const y = backend.output(shape, first.dtype as 'float32' | 'int32');
  const outer = sizeOf(shape.slice(0, axis));
  const width = sizeOf(shape.slice(axis));
  let offset = 0;
  for (const part of parts) {
    const length = sizeOf(part.shape.slice(axis));
    addon().copyPieces({
      ...{ source: backend.words(part), target: backend.words(y), pieces: outer, length },
      ...{ sourceStride: length, sourceOffset: 0, targetStride: width, targetOffset: offset },
    });
    offset += length;
  }
  return y;
});

export const copyKernels = [slice, splitV, concat];
