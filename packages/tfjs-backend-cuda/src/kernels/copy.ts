import type { KernelConfig, Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import type { CudaBackend } from '../backend.js';
import { backend_util, slice_util, util } from '../core.js';
import { int, pointer } from '../launch.js';
import type { DeviceType } from '../tensor-data.js';
import { filled } from './fill.js';
import { elementwise, fitsIndex, isOnDevice, partialKernel, sizeOf } from './kernel.js';
import { collapse, contiguous, withAxes } from './strides.js';

const AXES = 5;

/** A part of a tensor: its first element and its strides, in elements. */
interface Part {
  readonly tensor: TensorInfo;
  readonly first: number;
  readonly strides: readonly number[];
}

/** The part of a tensor that begins at these indices. */
function partAt(tensor: TensorInfo, begin: readonly number[]): Part {
  const strides = contiguous(tensor.shape);
  return { tensor, first: begin.reduce((sum, index, axis) => sum + index * strides[axis]!, 0), strides };
}

const wholeOf = (tensor: TensorInfo): Part => ({ tensor, first: 0, strides: contiguous(tensor.shape) });

/** Whether a copy of these sizes between these strides has few enough axes. */
const canCopy = (sizes: readonly number[], ...strides: (readonly number[])[]): boolean =>
  fitsIndex(sizeOf(sizes)) && collapse({ sizes, strides }).sizes.length <= AXES;

/** Whether kernels can index a whole tensor, of which they copy a part. */
const isIndexed = ({ shape }: TensorInfo): boolean => fitsIndex(sizeOf(shape));

/** Copies a table of these sizes from one part to another; `canCopy` holds. */
function copy(backend: CudaBackend, sizes: readonly number[], from: Part, to: Part): void {
  const size = sizeOf(sizes);
  if (size === 0) return;
  const places = withAxes(collapse({ sizes, strides: [from.strides, to.strides] }), AXES)!;
  const kernel = to.tensor.dtype === 'bool' ? 'copy_bytes' : 'copy_words';
  backend.launch('copy', kernel, elementwise(size), [
    pointer(backend.address(from.tensor)),
    pointer(backend.address(to.tensor)),
    int(size),
    ...places.sizes.slice(1).map(int),
    int(from.first),
    int(to.first),
    ...places.strides[0]!.map(int),
    ...places.strides[1]!.map(int),
  ]);
}

/** A new tensor of elements of x; null if the copy has too many axes. */
function copied(backend: CudaBackend, shape: readonly number[], from: Part): TensorInfo | null {
  if (!isIndexed(from.tensor) || !canCopy(shape, from.strides, contiguous(shape))) return null;
  const y = backend.output(shape, from.tensor.dtype as DeviceType);
  copy(backend, shape, from, wholeOf(y));
  return y;
}

const slice = partialKernel<'x', { readonly begin: number | number[]; readonly size: number | number[] }>(
  'Slice',
  ({ inputs: { x }, attrs, backend }) => {
    if (!isOnDevice(x)) return null;
    const tensor = x as Tensor; // as tfjs types it; only its shape is read
    const [begin, size] = slice_util.parseSliceParams(tensor, attrs.begin, attrs.size) as [number[], number[]];
    slice_util.assertParamsValid(tensor, begin, size);
    return copied(backend, size, partAt(x, begin));
  },
);

interface StridedSliceAttributes {
  readonly begin: number[];
  readonly end: number[];
  readonly strides: number[];
  readonly beginMask: number;
  readonly endMask: number;
  readonly ellipsisMask: number;
  readonly newAxisMask: number;
  readonly shrinkAxisMask: number;
}

const stridedSlice = partialKernel<'x', StridedSliceAttributes>('StridedSlice', ({ inputs: { x }, attrs, backend }) => {
  if (!isOnDevice(x)) return null;
  const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attrs;
  const info = slice_util.sliceInfo(
    ...([x.shape, begin, end, strides] as const),
    ...([beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask] as const),
  );
  const { begin: first, strides: steps } = info; // of all axes of x
  const part = partAt(x, first);
  const sizes = slice_util.computeOutShape(first, info.end, steps);
  const y = copied(backend, sizes, { ...part, strides: part.strides.map((stride, axis) => stride * steps[axis]!) });
  return y === null ? null : { ...y, shape: info.finalShape };
});

/** Parts of x along an axis, one after another; null if a copy has too many axes. */
function split(backend: CudaBackend, x: TensorInfo, axis: number, sizes: readonly number[]): TensorInfo[] | null {
  const parts: TensorInfo[] = [];
  let begin = 0;
  for (const size of sizes) {
    const shape = x.shape.map((length, at) => (at === axis ? size : length));
    const indices = x.shape.map((_, at) => (at === axis ? begin : 0));
    const part = copied(backend, shape, partAt(x, indices));
    if (part === null) {
      for (const { dataId } of parts) backend.disposeData(dataId);
      return null;
    }
    parts.push(part);
    begin += size;
  }
  return parts;
}

const splitV = partialKernel<'x', { readonly numOrSizeSplits: number | number[]; readonly axis: number }>(
  'SplitV',
  ({ inputs: { x }, attrs, backend }) => {
    if (!isOnDevice(x)) return null;
    const axis = util.parseAxisParam(attrs.axis, x.shape)[0]!;
    return split(backend, x, axis, backend_util.prepareSplitSize(x as Tensor, attrs.numOrSizeSplits, axis));
  },
);

const unpack = partialKernel<'value', { readonly axis: number }>('Unpack', ({ inputs: { value }, attrs, backend }) => {
  if (!isOnDevice(value)) return null;
  const axis = attrs.axis < 0 ? attrs.axis + value.shape.length : attrs.axis;
  const parts = split(backend, value, axis, new Array<number>(value.shape[axis]!).fill(1));
  return parts?.map((part) => ({ ...part, shape: part.shape.filter((_, at) => at !== axis) })) ?? null;
});

/** The parts side by side along an axis. All have the same type. */
function concatenated(backend: CudaBackend, parts: readonly TensorInfo[], axis: number): TensorInfo {
  const shape = backend_util.computeOutShape(
    parts.map((part) => part.shape),
    axis,
  );
  const y = backend.output(shape, parts[0]!.dtype as DeviceType);
  const width = sizeOf(shape.slice(axis));
  let first = 0;
  for (const part of parts) {
    const length = sizeOf(part.shape.slice(axis));
    const sizes = [sizeOf(shape.slice(0, axis)), length];
    copy(backend, sizes, { tensor: part, first: 0, strides: [length, 1] }, { tensor: y, first, strides: [width, 1] });
    first += length;
  }
  return y;
}

/** Whether tensors of the device have one type, and together a size that kernels can index. */
const canJoin = (parts: readonly TensorInfo[]): boolean =>
  parts.every((part) => isOnDevice(part) && part.dtype === parts[0]!.dtype) &&
  fitsIndex(parts.reduce((sum, { shape }) => sum + sizeOf(shape), 0));

const concat = partialKernel<string, { readonly axis: number }>('Concat', ({ inputs, attrs, backend }) => {
  const parts = Object.values(inputs);
  const axis = util.parseAxisParam(attrs.axis, parts[0]!.shape)[0]!;
  backend_util.assertParamsConsistent(
    parts.map(({ shape }) => shape),
    axis,
  );
  return canJoin(parts) ? concatenated(backend, parts, axis) : null;
});

const pack = partialKernel<string, { readonly axis: number }>('Pack', ({ inputs, attrs, backend }) => {
  const parts = Object.values(inputs);
  const shape = parts[0]!.shape;
  for (const part of parts)
    util.assertShapesMatch(shape, part.shape, 'All tensors passed to stack must have matching shapes');
  if (!canJoin(parts)) return null;
  const axis = attrs.axis < 0 ? attrs.axis + shape.length + 1 : attrs.axis;
  const expanded = [...shape.slice(0, axis), 1, ...shape.slice(axis)];
  return concatenated(
    backend,
    parts.map((part) => ({ ...part, shape: expanded })),
    axis,
  );
});

const pad = partialKernel<'x', { readonly paddings: [number, number][]; readonly constantValue: number }>(
  'PadV2',
  ({ inputs: { x }, attrs: { paddings, constantValue }, backend }) => {
    const shape = x.shape.map((size, axis) => size + paddings[axis]![0] + paddings[axis]![1]);
    const begin = paddings.map(([before]) => before);
    if (!isOnDevice(x) || !fitsIndex(sizeOf(shape))) return null;
    if (!canCopy(x.shape, contiguous(x.shape), contiguous(shape))) return null;
    const y = filled(backend, shape, x.dtype as DeviceType, constantValue);
    copy(backend, x.shape, wholeOf(x), partAt(y, begin));
    return y;
  },
);

const transpose = partialKernel<'x', { readonly perm: number[] }>('Transpose', ({ inputs: { x }, attrs, backend }) =>
  isOnDevice(x) ? transposed(backend, x, attrs.perm) : null,
);

/** x with its axes in another order; null if the copy has too many axes. */
export function transposed(backend: CudaBackend, x: TensorInfo, permutation: readonly number[]): TensorInfo | null {
  const strides = contiguous(x.shape);
  const shape = permutation.map((axis) => x.shape[axis]!);
  return copied(backend, shape, { tensor: x, first: 0, strides: permutation.map((axis) => strides[axis]!) });
}

const tile = partialKernel<'x', { readonly reps: number[] }>('Tile', ({ inputs: { x }, attrs: { reps }, backend }) => {
  const shape = x.shape.map((size, axis) => size * reps[axis]!);
  if (!isOnDevice(x) || !fitsIndex(sizeOf(shape))) return null;
  // Each axis is read `reps` times.
  const sizes = x.shape.flatMap((size, axis) => [reps[axis]!, size]);
  const from = contiguous(x.shape).flatMap((stride) => [0, stride]);
  if (!canCopy(sizes, from, contiguous(sizes))) return null;
  const y = backend.output(shape, x.dtype as DeviceType);
  copy(backend, sizes, { tensor: x, first: 0, strides: from }, { tensor: y, first: 0, strides: contiguous(sizes) });
  return y;
});

const reverse = partialKernel<'x', { readonly dims: number | number[] }>(
  'Reverse',
  ({ inputs: { x }, attrs, backend }) => {
    if (!isOnDevice(x)) return null;
    const axes = util.parseAxisParam(attrs.dims, x.shape);
    const last = x.shape.map((size, axis) => (axes.includes(axis) ? Math.max(size - 1, 0) : 0));
    const part = partAt(x, last);
    return copied(backend, x.shape, {
      ...part,
      strides: part.strides.map((stride, axis) => (axes.includes(axis) ? -stride : stride)),
    });
  },
);

export const copyKernels: readonly KernelConfig[] = [
  slice,
  stridedSlice,
  splitV,
  unpack,
  concat,
  pack,
  pad,
  transpose,
  tile,
  reverse,
];
