import { addon } from './addon.js';
import { checkArray, checkWhole } from './kernels/checks.js';

/** More than processors have cores; each thread costs memory, and far more of them end the process. */
export const MOST_THREADS = 1024;

export interface OneDnnOptions {
  /** Threads of the native kernels; without it OMP_NUM_THREADS, or every core. */
  readonly threads?: number;
  /** Round the operands of the layers' matrix products to bfloat16; sums and results stay float32. Default false. */
  readonly bfloat16?: boolean;
}

/** @throws Error when the native add-on is not built, or for bfloat16 on a processor without it */
export function configure({ threads, bfloat16 = false }: OneDnnOptions): void {
  if (bfloat16 && !supportsBfloat16()) throw new Error('this processor has no bfloat16 products');
  addon().setBfloat16(bfloat16);
  if (threads !== undefined) setThreads(threads);
}

/** Whether this processor has products of bfloat16 (with AVX-512, oneDNN emulates what is missing). */
export function supportsBfloat16(): boolean {
  return addon().canBfloat16();
}

/** The library, the threads and the instruction set that kernels use. */
export function describe(): { oneDnnVersion: string; threads: number; isa: string } {
  return addon().describe();
}

/** Threads of the native kernels; results are the same bits for the same number. */
export function setThreads(threads: number): void {
  checkWhole('threads', threads, 1, MOST_THREADS);
  addon().setThreads(threads);
}

/** Gives the memory of x back to the system but for its ends; what was given reads as zeros until it is written again. */
export function discard(x: Float32Array): void {
  checkArray('x', x);
  addon().discard(x, x.length);
}
