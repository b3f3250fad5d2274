import { addon } from './addon.js';
import { availableThreads, MOST_THREADS } from './available-threads.js';
import { checkArray, checkWhole } from './kernels/checks.js';

/** Settings of the native kernels. */
export interface OneDnnOptions {
  /**
   * Threads of the native kernels, 1 to 1024; without it OMP_NUM_THREADS, or the processors that affinity and the quotas of
   * cgroups leave to the process.
   */
  readonly threads?: number;
  /** Round the operands of the layers' matrix products to bfloat16; sums and results stay float32. Default false. */
  readonly bfloat16?: boolean;
}

/** What native kernels compute with: one set at a time. What was opened with its own uses them before it computes. */
export type Settings = Required<OneDnnOptions>;

/**
 * The settings that options stand for.
 * @throws Error when the native add-on is not built, for a number of threads that there cannot be, or for bfloat16 on a
 *   processor without it
 */
export function settingsOf({ threads = availableThreads(), bfloat16 = false }: OneDnnOptions): Settings {
  checkWhole('threads', threads, 1, MOST_THREADS);
  if (typeof bfloat16 !== 'boolean') throw new Error(`bfloat16 must be a boolean, not ${String(bfloat16)}`);
  if (bfloat16 && !supportsBfloat16()) throw new Error('this processor has no bfloat16 products');
  return { threads, bfloat16 };
}

let current: Settings | null = null; // those of the add-on; null until they are first set

/** Those that kernels compute with now. */
export function currentSettings(): Settings {
  current ??= { threads: addon().describe().threads, bfloat16: false };
  return current;
}

/** Makes settings those of the kernels that follow; a comparison where they are already. @throws Error as `settingsOf` */
export function useSettings(settings: Settings): void {
  const before = currentSettings();
  if (settings.threads === before.threads && settings.bfloat16 === before.bfloat16) return;
  const { threads, bfloat16 } = settingsOf(settings);
  if (threads !== before.threads) addon().setThreads(threads);
  if (bfloat16 !== before.bfloat16) addon().setBfloat16(bfloat16);
  current = { threads, bfloat16 };
}

/** Makes the settings that options stand for current. @throws Error as `settingsOf` */
export function configure(options: OneDnnOptions): void {
  useSettings(settingsOf(options));
}

/** Whether this processor has products of bfloat16 (with AVX-512, oneDNN emulates what is missing). */
export function supportsBfloat16(): boolean {
  return addon().canBfloat16();
}

/** The library, the threads and the instruction set that kernels use. */
export function describe(): { oneDnnVersion: string; threads: number; isa: string } {
  return addon().describe();
}

/** Threads of the native kernels, 1 to 1024; results are the same bits for the same number. */
export function setThreads(threads: number): void {
  configure({ ...currentSettings(), threads });
}

/** Gives the memory of x back to the system but for its ends; what was given reads as zeros until it is written again. */
export function discard(x: Float32Array): void {
  checkArray('x', x);
  addon().discard(x, x.length);
}
