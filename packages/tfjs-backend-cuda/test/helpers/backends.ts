import * as tf from '@tensorflow/tfjs';
import { registerCudaBackend } from 'tfjs-backend-cuda';
import type { CudaBackend } from '../../src/backend.js';
import { bfloat16Copy } from '../../src/host/arena.js';
import { buildEmulation } from './emulated.js';

/** Makes the backend with the emulated driver the current one. */
export async function useCuda(): Promise<CudaBackend> {
  buildEmulation();
  registerCudaBackend({ library: 'emulated' });
  await tf.setBackend('cuda');
  return tf.backend() as unknown as CudaBackend;
}

/** Deterministic uniform numbers in [−1, 1). */
export function uniform(size: number, seed = 1): Float32Array {
  let state = seed * 2654435761;
  return Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** The values of an operation's result on a backend. Its inputs are made by the operation. */
export async function valuesOn(backend: 'cpu' | 'cuda', operation: () => tf.Tensor): Promise<number[]> {
  await tf.setBackend(backend);
  return tf.tidy(() => [...operation().dataSync()]);
}

/** A tensor that the device stores as bfloat16: values are rounded. */
export function storedAsBfloat16(backend: CudaBackend, values: Float32Array, shape: readonly number[]): tf.Tensor {
  const info = backend.output(shape, 'float32', 'bfloat16');
  const x = backend.takeMemory(values.byteLength);
  if (values.length > 0) backend.driver.upload({ address: x.address, values });
  bfloat16Copy(backend, { x: x.address, y: backend.storedAddress(info), size: values.length });
  backend.giveMemory(x);
  return tf.engine().makeTensorFromDataId(info.dataId, [...shape], 'float32', backend) as tf.Tensor;
}
