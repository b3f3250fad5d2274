import { addon } from './addon.js';
import { availableThreads, MOST_THREADS } from './available-threads.js';
import { checkArray, checkWhole } from './kernels/checks.js';

/** Settings of the native kernels. */
export interface OneDnnOptions {
  /**
   * Threads of the native kernels, 1 to 1024. The default is OMP_NUM_THREADS, or the number of processors that affinity
   * and the quotas of cgroups leave to the process.
   */
  readonly threads?: number;
  /** Rounds the operands of the layers' matrix products to bfloat16; sums and results stay float32. Default false. */
  readonly bfloat16?: boolean;
}

/**
 * The settings of native kernels. One set is current at a time; a model with its own settings makes them current before
 * it computes.
 */
export type Settings = Required<OneDnnOptions>;

/**
 * Returns the settings that the options specify.
 * @throws Error if the native add-on is not built, for an invalid number of threads, or for bfloat16 on a processor
 *   without it
 */
export function settingsOf({ threads = availableThreads(), bfloat16 = false }: OneDnnOptions): Settings {
  checkWhole('threads', threads, 1, MOST_THREADS);
  if (typeof bfloat16 !== 'boolean') throw new Error(`bfloat16 must be a boolean, not ${String(bfloat16)}`);
  if (bfloat16 && !supportsBfloat16()) throw new Error('this processor has no bfloat16 products');
  return { threads, bfloat16 };
}

let current: Settings | null = null; // of the add-on; null until they are first set

/** The current settings. */
export function currentSettings(): Settings {
  current ??= { threads: addon().describe().threads, bfloat16: false };
  return current;
}

/** Makes settings current. Costs a comparison if they already are. @throws Error as `settingsOf` does */
export function useSettings(settings: Settings): void {
  const before = currentSettings();
  if (settings.threads === before.threads && settings.bfloat16 === before.bfloat16) return;
  const { threads, bfloat16 } = settingsOf(settings);
  if (threads !== before.threads) addon().setThreads(threads);
  if (bfloat16 !== before.bfloat16) addon().setBfloat16(bfloat16);
  current = { threads, bfloat16 };
}

/** Makes the settings that the options specify current. @throws Error as `settingsOf` does */
export function configure(options: OneDnnOptions): void {
  useSettings(settingsOf(options));
}

/** Whether this processor has bfloat16 products. (With AVX-512, oneDNN emulates missing ones.) */
export function supportsBfloat16(): boolean {
  return addon().canBfloat16();
}

/** The version of oneDNN, the number of threads and the instruction set that kernels use. */
export function describe(): { oneDnnVersion: string; threads: number; isa: string } {
  return addon().describe();
}

/** Sets the number of threads of the native kernels, 1 to 1024. Results are the same bits for the same number. */
export function setThreads(threads: number): void {
  configure({ ...currentSettings(), threads });
}

/** Returns the memory of x, except its ends, to the system. It reads as zeros until it is written again. */
export function discard(x: Float32Array): void {
  checkArray('x', x);
  addon().discard({ x, size: x.length });
}
