import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { CudaBackend } from '../backend.js';
import { backend_util, util } from '../core.js';
import { float, int, type Parameter, pointer } from '../launch.js';
import type { DeviceType } from '../tensor-data.js';
import { transposed } from './copy.js';
import { fitsIndex, partialKernel, sizeOf } from './kernel.js';

/** The types of elements that an operation reduces, and the suffixes of its kernels. */
const REDUCED = {
  sum: ['float32', 'int32'],
  max: ['float32', 'int32'],
  min: ['float32', 'int32'],
  prod: ['float32'],
  all: ['bool'],
  any: ['bool'],
} as const satisfies Record<string, readonly DeviceType[]>;

type Operation = keyof typeof REDUCED;

const SUFFIXES = { float32: 'float', int32: 'int', bool: 'bool' } as const;

/** The reduced axis of x as [outer, reduced, inner]. */
interface Extent {
  readonly outer: number;
  readonly reduced: number;
  readonly inner: number;
}

const WARP = 32;
const THREADS = 256;
/** With fewer outputs than this, a long axis is reduced in parts, so that the whole GPU works. */
const FEW_BLOCKS = 512;
const FEW_THREADS = 65_536;
/** The least length of a part, for a block and for a thread, and the most parts. */
const BLOCK_LENGTH = 4096;
const THREAD_LENGTH = 64;
const MOST_PARTS = 1024;

const ceilDivide = (a: number, b: number): number => Math.ceil(a / b);

/** Rows are reduced by blocks, unless they are short; everything else by one thread for each output. */
const byBlocks = ({ reduced, inner }: Extent): boolean => inner === 1 && reduced > WARP;

/** How many parts the axis is reduced in first. It depends on the shape alone, so the order of a sum does too. */
function partsOf(extent: Extent): number {
  const { outer, reduced, inner } = extent;
  const isLong = byBlocks(extent) ? outer < FEW_BLOCKS : outer * inner < FEW_THREADS;
  return isLong
    ? Math.min(MOST_PARTS, Math.max(1, ceilDivide(reduced, byBlocks(extent) ? BLOCK_LENGTH : THREAD_LENGTH)))
    : 1;
}

/** Reduces every part: x [outer, reduced, inner] to y [outer, parts, inner]. */
function launchParts(
  backend: CudaBackend,
  name: string,
  extent: Extent,
  args: { readonly x: TensorInfo; readonly y: TensorInfo; readonly parts: number; readonly divisor: number },
): void {
  const { outer, reduced, inner } = extent;
  const { parts } = args;
  const length = ceilDivide(reduced, parts);
  const arrays = [pointer(backend.address(args.x)), pointer(backend.address(args.y))];
  const cut: Parameter[] = [int(length), int(parts), float(args.divisor)];
  if (byBlocks(extent)) {
    const block = Math.min(THREADS, WARP * ceilDivide(length, WARP));
    backend.launch('reduce', `${name}_rows`, { grid: outer * parts, block }, [...arrays, int(reduced), ...cut]);
    return;
  }
  const size = outer * parts * inner;
  const shape = { grid: ceilDivide(size, THREADS), block: THREADS };
  backend.launch('reduce', `${name}_columns`, shape, [...arrays, int(size), int(reduced), int(inner), ...cut]);
}

/** Reduces the axis of x, and divides a float32 result. */
function reduceAxis(
  backend: CudaBackend,
  name: string,
  extent: Extent,
  { x, y, divisor }: { readonly x: TensorInfo; readonly y: TensorInfo; readonly divisor: number },
): void {
  const parts = partsOf(extent);
  if (parts === 1) {
    launchParts(backend, name, extent, { x, y, parts, divisor });
    return;
  }
  const between = backend.output([extent.outer, parts, extent.inner], x.dtype as DeviceType);
  launchParts(backend, name, extent, { x, y: between, parts, divisor: 1 });
  launchParts(backend, name, { ...extent, reduced: parts }, { x: between, y, parts: 1, divisor });
  backend.disposeData(between.dataId);
}

interface ReduceAttributes {
  readonly axis?: number | number[];
  readonly reductionIndices?: number | number[];
  readonly keepDims: boolean;
}

/** Whether the axes follow each other. */
const areAdjacent = (axes: readonly number[]): boolean => axes.every((axis, at) => axis === axes[0]! + at);

/** The reduction of x over axes; null for types and sizes that the device's kernels do not take. */
function reduce(
  backend: CudaBackend,
  operation: Operation,
  x: TensorInfo,
  { axis = [], keepDims }: ReduceAttributes,
  isMean = false,
): TensorInfo | null {
  const size = sizeOf(x.shape);
  const dtype = REDUCED[operation].find((type) => type === x.dtype);
  if (dtype === undefined || size === 0 || !fitsIndex(size)) return null;
  const axes = util.parseAxisParam(axis, x.shape).sort((a, b) => a - b);
  if (axes.length === 0) return null;
  const [reducedShape] = backend_util.computeOutAndReduceShapes(x.shape, axes);
  const kept = x.shape.map((_, at) => at).filter((at) => !axes.includes(at));
  const ordered = areAdjacent(axes) ? x : transposed(backend, x, [...kept, ...axes]);
  if (ordered === null) return null;
  const first = ordered === x ? axes[0]! : kept.length;
  const extent = {
    outer: sizeOf(ordered.shape.slice(0, first)),
    reduced: sizeOf(ordered.shape.slice(first, first + axes.length)),
    inner: sizeOf(ordered.shape.slice(first + axes.length)),
  };
  const shape = keepDims ? backend_util.expandShapeToKeepDim(reducedShape, axes) : reducedShape;
  const y = backend.output(shape, dtype);
  reduceAxis(backend, `${operation}_${SUFFIXES[dtype]}`, extent, {
    x: ordered,
    y,
    divisor: isMean ? extent.reduced : 1,
  });
  if (ordered !== x) backend.disposeData(ordered.dataId);
  return y;
}

/** The index of the largest (sign 1) or smallest (sign −1) element along an axis. */
const argExtreme = (kernelName: string, sign: number): KernelConfig =>
  partialKernel<'x', { readonly axis: number }>(kernelName, ({ inputs: { x }, attrs, backend }) => {
    const size = sizeOf(x.shape);
    if (x.dtype !== 'float32' || size === 0 || !fitsIndex(size)) return null;
    const [axis] = util.parseAxisParam(attrs.axis, x.shape);
    const kept = x.shape.map((_, at) => at).filter((at) => at !== axis);
    const ordered = axis === x.shape.length - 1 ? x : transposed(backend, x, [...kept, axis!]);
    if (ordered === null) return null;
    const columns = x.shape[axis!]!;
    const y = backend.output(
      kept.map((at) => x.shape[at]!),
      'int32',
    );
    const shape = { grid: size / columns, block: Math.min(THREADS, WARP * ceilDivide(columns, WARP)) };
    const arrays = [pointer(backend.address(ordered)), pointer(backend.address(y))];
    backend.launch('reduce', 'arg_extreme_rows', shape, [...arrays, int(columns), float(sign)]);
    if (ordered !== x) backend.disposeData(ordered.dataId);
    return y;
  });

const reduction = (kernelName: string, operation: Operation): KernelConfig =>
  partialKernel<'x', ReduceAttributes>(kernelName, ({ inputs: { x }, attrs, backend }) =>
    reduce(backend, operation, x, attrs),
  );

export const reduceKernels: readonly KernelConfig[] = [
  argExtreme('ArgMax', 1),
  argExtreme('ArgMin', -1),
  reduction('All', 'all'),
  reduction('Any', 'any'),
  reduction('Min', 'min'),
  reduction('Prod', 'prod'),
  reduction('Sum', 'sum'),
  partialKernel<'x', ReduceAttributes>('Max', ({ inputs: { x }, attrs, backend }) =>
    reduce(backend, 'max', x, { axis: attrs.reductionIndices, keepDims: attrs.keepDims }),
  ),
  partialKernel<'x', ReduceAttributes>('Mean', ({ inputs: { x }, attrs, backend }) =>
    x.dtype === 'float32' ? reduce(backend, 'sum', x, attrs, true) : null,
  ),
];
