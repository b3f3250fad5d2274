import { CudaBackend } from './backend.js';
import { backend } from './core.js';

/** tfjs's current backend. @throws Error if it is not one of a GPU */
export function current(): CudaBackend {
  const instance: unknown = backend();
  if (!(instance instanceof CudaBackend)) throw new Error("tfjs's current backend is not one of a GPU");
  return instance;
}
