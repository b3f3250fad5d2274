import type { DataType, KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { CudaBackend } from '../backend.js';
import type { DeviceType } from '../tensor-data.js';
import { isOnDevice, partialKernel, sizeOf } from './kernel.js';

/** The word of memory that holds the value: a float32, an int32, or four bools. */
export function wordOf(value: number, dtype: DeviceType): number {
  if (dtype === 'float32') return new Int32Array(Float32Array.of(value).buffer)[0]!;
  return dtype === 'int32' ? Int32Array.of(value)[0]! : 0x01010101 * Uint8Array.of(value)[0]!;
}

/** A tensor full of one value. Its memory is set without a kernel. */
export function filled(backend: CudaBackend, shape: readonly number[], dtype: DeviceType, value: number): TensorInfo {
  const y = backend.output(shape, dtype);
  const size = sizeOf(shape);
  const count = dtype === 'bool' ? Math.ceil(size / 4) : size; // blocks are whole words
  backend.driver.fill({ address: backend.address(y), word: wordOf(value, dtype), count });
  return y;
}

const sameAs = (kernelName: string, value: number): KernelConfig =>
  partialKernel<'x'>(kernelName, ({ inputs: { x }, backend }) =>
    isOnDevice(x) ? filled(backend, x.shape, x.dtype as DeviceType, value) : null,
  );

export const fillKernels: readonly KernelConfig[] = [
  sameAs('ZerosLike', 0),
  sameAs('OnesLike', 1),
  partialKernel<never, { readonly shape: number[]; readonly value: number | string; readonly dtype?: DataType }>(
    'Fill',
    ({ attrs: { shape, value, dtype = 'float32' }, backend }) => {
      if (typeof value !== 'number' || (dtype !== 'float32' && dtype !== 'int32')) return null;
      return filled(backend, shape, dtype, value);
    },
  ),
];
