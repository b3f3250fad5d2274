import type { CudaBackend } from './backend.js';
import { backend, findBackend } from './core.js';
import { BACKEND_NAME } from './kernels/kernel.js';

/** The backend 'cuda'. @throws Error if another one is tfjs's current backend */
export function current(): CudaBackend {
  const instance: unknown = backend();
  if (instance !== findBackend(BACKEND_NAME)) throw new Error(`tfjs's current backend is not '${BACKEND_NAME}'`);
  return instance as CudaBackend;
}
