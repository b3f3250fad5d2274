import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { CudaBackend } from '../backend.js';
import { broadcast_util } from '../core.js';
import { addToBfloat16 } from '../host/storage.js';
import { int, pointer } from '../launch.js';
import type { DeviceType } from '../tensor-data.js';
import { elementwise, fitsIndex, isOnDevice, partialKernel, sizeOf } from './kernel.js';
import { collapse, contiguous } from './strides.js';

/** The names of kernels in cu/binary.cu by those of tfjs, and the types that they take. */
const ARITHMETIC: Readonly<Record<string, readonly [name: string, ...types: DeviceType[]]>> = {
  Add: ['add', 'float32', 'int32'],
  Atan2: ['atan2', 'float32'],
  FloorDiv: ['floor_divide', 'int32'],
  Maximum: ['maximum', 'float32', 'int32'],
  Minimum: ['minimum', 'float32', 'int32'],
  Mod: ['modulo', 'float32'],
  Multiply: ['multiply', 'float32', 'int32'],
  Pow: ['power', 'float32'],
  RealDiv: ['divide', 'float32'],
  SquaredDifference: ['squared_difference', 'float32'],
  Sub: ['sub', 'float32', 'int32'],
};

const COMPARISONS = {
  Equal: 'equal',
  Greater: 'greater',
  GreaterEqual: 'greater_equal',
  Less: 'less',
  LessEqual: 'less_equal',
  LogicalAnd: 'and',
  LogicalOr: 'or',
  NotEqual: 'not_equal',
} as const;

const SUFFIXES = { float32: 'float', int32: 'int', bool: 'bool' } as const;

const AXES = 4;

/** The strides of an operand that is broadcast to a shape: 0 where an axis is repeated. */
function broadcastStrides(shape: readonly number[], out: readonly number[]): number[] {
  const own = contiguous(shape);
  const missing = out.length - shape.length;
  return out.map((_, axis) => (axis < missing || shape[axis - missing] === 1 ? 0 : own[axis - missing]!));
}

/** The sizes and strides as the kernel takes them; null if there are too many axes. A single axis comes first. */
function layout(a: TensorInfo, b: TensorInfo, out: readonly number[]) {
  const { sizes, strides } = collapse({
    sizes: out,
    strides: [broadcastStrides(a.shape, out), broadcastStrides(b.shape, out)],
  });
  if (sizes.length > AXES) return null;
  // One axis goes to the front, where the kernel divides nothing; more go to the back.
  const front = sizes.length <= 1 ? sizes.length : AXES;
  const padded = (values: readonly number[], value: number): number[] => {
    const missing = new Array<number>(AXES - values.length).fill(value);
    return front === AXES ? [...missing, ...values] : [...values, ...missing];
  };
  return { sizes: padded(sizes, 1), a: padded(strides[0]!, 0), b: padded(strides[1]!, 0) };
}

function binary(
  backend: CudaBackend,
  name: string,
  { a, b, dtype }: { readonly a: TensorInfo; readonly b: TensorInfo; readonly dtype: DeviceType },
): TensorInfo | null {
  const shape = broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const size = sizeOf(shape);
  const places = layout(a, b, shape);
  if (places === null || !fitsIndex(size)) return null;
  const y = backend.output(shape, dtype);
  if (size === 0) return y;
  backend.launch('binary', `binary_${name}`, elementwise(size), [
    pointer(backend.address(a)),
    pointer(backend.address(b)),
    pointer(backend.address(y)),
    int(size),
    ...places.sizes.slice(1).map(int),
    ...places.a.map(int),
    ...places.b.map(int),
  ]);
  return y;
}

/** a + b of one shape, if the device stores one as bfloat16: how the tape sums gradients. Null for others. */
function sumOfStored(backend: CudaBackend, { a, b }: Readonly<Record<'a' | 'b', TensorInfo>>): TensorInfo | null {
  const areEqual = a.shape.length === b.shape.length && a.shape.every((size, axis) => size === b.shape[axis]);
  const rounded = [a, b].find((x) => backend.storageOf(x) === 'bfloat16');
  if (a.dtype !== 'float32' || b.dtype !== 'float32' || !areEqual || rounded === undefined) return null;
  const other = rounded === a ? b : a;
  const y = backend.output(a.shape);
  addToBfloat16(backend, {
    ...{ a: backend.storedAddress(rounded), b: backend.storedAddress(other), y: backend.address(y) },
    ...{ size: sizeOf(a.shape), storage: backend.storageOf(other) },
  });
  return y;
}

const arithmetic = Object.entries(ARITHMETIC).map(([kernelName, [name, ...types]]) =>
  partialKernel<'a' | 'b'>(kernelName, ({ inputs: { a, b }, backend }) => {
    const dtype = types.find((type) => type === a.dtype && type === b.dtype);
    const sum = name === 'add' ? sumOfStored(backend, { a, b }) : null;
    if (sum !== null) return sum;
    return dtype === undefined ? null : binary(backend, `${name}_${SUFFIXES[dtype]}`, { a, b, dtype });
  }),
);

const comparisons = Object.entries(COMPARISONS).map(([kernelName, name]) =>
  partialKernel<'a' | 'b'>(kernelName, ({ inputs: { a, b }, backend }) => {
    const isLogical = name === 'and' || name === 'or';
    if (!isOnDevice(a) || a.dtype !== b.dtype || (isLogical && a.dtype !== 'bool')) return null;
    return binary(backend, `${name}_${SUFFIXES[a.dtype as DeviceType]}`, { a, b, dtype: 'bool' });
  }),
);

/** Σ of all inputs, from the first to the last. */
const addN = partialKernel<string>('AddN', ({ inputs, backend }) => {
  const [first, ...others] = Object.values(inputs);
  const dtype = first?.dtype;
  if (first === undefined || others.length === 0 || (dtype !== 'float32' && dtype !== 'int32')) return null;
  if (others.some((other) => other.dtype !== dtype)) return null;
  let sum = first;
  for (const other of others) {
    const next = binary(backend, `add_${SUFFIXES[dtype]}`, { a: sum, b: other, dtype })!; // equal shapes: one axis
    if (sum !== first) backend.disposeData(sum.dataId);
    sum = next;
  }
  return sum;
});

export const binaryKernels: readonly KernelConfig[] = [...arithmetic, ...comparisons, addN];
