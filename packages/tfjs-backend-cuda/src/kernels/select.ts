import type { DataType, KernelConfig } from '@tensorflow/tfjs-core';
import { int, pointer } from '../launch.js';
import type { DeviceType } from '../tensor-data.js';
import { elementwise, fitsIndex, isOnDevice, partialKernel, sizeOf } from './kernel.js';

const select = partialKernel<'condition' | 't' | 'e'>('Select', ({ inputs: { condition, t, e }, backend }) => {
  const size = sizeOf(t.shape);
  // A condition of one axis selects rows.
  const inner = condition.shape.length === 1 && t.shape.length > 1 ? sizeOf(t.shape.slice(1)) : 1;
  const fits = sizeOf(condition.shape) * inner === size && sizeOf(e.shape) === size && fitsIndex(size);
  if (condition.dtype !== 'bool' || !isOnDevice(t) || t.dtype !== e.dtype || !fits) return null;
  const y = backend.output(t.shape, t.dtype as DeviceType);
  if (size === 0) return y;
  backend.launch('select', t.dtype === 'bool' ? 'select_bytes' : 'select_words', elementwise(size), [
    ...[condition, t, e, y].map((tensor) => pointer(backend.address(tensor))),
    int(size),
    int(inner),
  ]);
  return y;
});

const NAMES = { float32: 'float', int32: 'int', bool: 'bool' } as const;

const cast = partialKernel<'x', { readonly dtype: DataType }>(
  'Cast',
  ({ inputs: { x }, attrs: { dtype }, backend }) => {
    const size = sizeOf(x.shape);
    if (!isOnDevice(x) || !(dtype in NAMES) || !fitsIndex(size)) return null;
    if (dtype === x.dtype) return backend.alias(x, x.shape);
    const [from, to] = [x.dtype as DeviceType, dtype as DeviceType];
    const y = backend.output(x.shape, to);
    if (size === 0) return y;
    const parameters = [pointer(backend.address(x)), pointer(backend.address(y)), int(size)];
    backend.launch('select', `${NAMES[from]}_to_${NAMES[to]}`, elementwise(size), parameters);
    return y;
  },
);

const logicalNot = partialKernel<'x'>('LogicalNot', ({ inputs: { x }, backend }) => {
  const size = sizeOf(x.shape);
  if (x.dtype !== 'bool' || !fitsIndex(size)) return null;
  const y = backend.output(x.shape, 'bool');
  if (size === 0) return y;
  const parameters = [pointer(backend.address(x)), pointer(backend.address(y)), int(size)];
  backend.launch('select', 'logical_not', elementwise(size), parameters);
  return y;
});

export const selectKernels: readonly KernelConfig[] = [select, cast, logicalNot];
