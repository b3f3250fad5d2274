/** Totals of the kernels of one name while a profile was recorded. */
export interface KernelProfile {
  /** The kernel's name in tfjs, followed by ` (JavaScript)` if no native code computed it. */
  readonly name: string;
  readonly calls: number; // of the kernel
  readonly milliseconds: number; // of all calls together
  /** Floating-point operations of its matrix products; 0 if the kernel declares none. */
  readonly flops: number;
}

interface Totals {
  calls: number;
  milliseconds: number;
  flops: number;
}

let totals: Map<string, Totals> | null = null;
let isJavaScript = false; // whether the running kernel has no native code

/** Starts recording the calls of `timed`. */
export function startRecording(): void {
  totals = new Map();
}

/** Ends the recording. @returns the totals, the slowest first */
export function stopRecording(): KernelProfile[] {
  const kernels = [...(totals ?? [])].map(([name, total]) => ({ name, ...total }));
  totals = null;
  return kernels.sort((a, b) => b.milliseconds - a.milliseconds);
}

export const isRecording = (): boolean => totals !== null;

/** Runs `work`. While a recording is on, adds its time and its floating-point operations to `name`. */
export function timed<T>(name: string, work: () => T, flops?: () => number): T {
  if (totals === null) return work();
  isJavaScript = false;
  const start = performance.now();
  const result = work();
  const milliseconds = performance.now() - start;
  add(totals, isJavaScript ? `${name} (JavaScript)` : name, { calls: 1, milliseconds, flops: flops?.() ?? 0 });
  return result;
}

/** Marks the running kernel as computed in JavaScript. */
export function computesInJavaScript(): void {
  isJavaScript = true;
}

function add(sums: Map<string, Totals>, name: string, { calls, milliseconds, flops }: Totals): void {
  const sum = sums.get(name) ?? { calls: 0, milliseconds: 0, flops: 0 };
  sum.calls += calls;
  sum.milliseconds += milliseconds;
  sum.flops += flops;
  sums.set(name, sum);
}
