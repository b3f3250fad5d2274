import { addon } from './addon.js';
import type { OneDnnBackend } from './backend.js';
import { findBackend } from './core.js';
import { BACKEND_NAME } from './kernels/kernel.js';
import { type KernelProfile, startRecording, stopRecording } from './recorder.js';

/** How the time between `startProfile` and `endProfile` was spent. */
export interface Profile {
  readonly milliseconds: number; // in total
  readonly kernels: readonly KernelProfile[]; // the slowest first
  /** The pool of tensors, in bytes: the most in use since the backend was created, and the reserved address space. */
  readonly pool: { readonly mostInUse: number; readonly reserved: number };
  /** The number of oneDNN primitives that are kept for later products of the same shape. */
  readonly cachedPrimitives: number;
}

let start: number | null = null;

/** Starts timing every kernel. Without a profile, a call costs one comparison more. */
export function startProfile(): void {
  start = performance.now();
  startRecording();
}

/** Ends the profile that `startProfile` started. @throws Error without one */
export function endProfile(): Profile {
  if (start === null) throw new Error('endProfile() without startProfile()');
  const milliseconds = performance.now() - start;
  start = null;
  const backend = findBackend(BACKEND_NAME) as OneDnnBackend | null;
  const { mostInUse, reserved } = backend?.poolBytes ?? { mostInUse: 0, reserved: 0 };
  return {
    milliseconds,
    kernels: stopRecording(),
    pool: { mostInUse, reserved },
    cachedPrimitives: addon().cachedPrimitives(),
  };
}
