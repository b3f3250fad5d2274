import { addon } from './addon.js';
import type { OneDnnBackend } from './backend.js';
import { findBackend } from './core.js';
import { BACKEND_NAME } from './kernels/kernel.js';
import { type KernelProfile, startRecording, stopRecording } from './recorder.js';

/** Where the time between `startProfile` and `endProfile` went. */
export interface Profile {
  readonly milliseconds: number; // all of it
  readonly kernels: readonly KernelProfile[]; // most time first
  /** Of the pool of tensors, in bytes: at most in use since the backend was made, and of address space. */
  readonly pool: { readonly mostInUse: number; readonly reserved: number };
  /** oneDNN primitives that are kept for the next product of the same shape. */
  readonly cachedPrimitives: number;
}

let start: number | null = null;

/** From now on every kernel is timed. Without a profile that costs a comparison a call. */
export function startProfile(): void {
  start = performance.now();
  startRecording();
}

/** @throws Error without `startProfile` before */
export function endProfile(): Profile {
  if (start === null) throw new Error('endProfile() without startProfile()');
  const milliseconds = performance.now() - start;
  start = null;
  const backend = findBackend(BACKEND_NAME) as unknown as OneDnnBackend | null;
  const { mostInUse, reserved } = backend?.poolBytes ?? { mostInUse: 0, reserved: 0 };
  return {
    milliseconds,
    kernels: stopRecording(),
    pool: { mostInUse, reserved },
    cachedPrimitives: addon().cachedPrimitives(),
  };
}
