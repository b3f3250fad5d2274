/** What the kernels of one name did while a profile ran. */
export interface KernelProfile {
  /** tfjs's name of the kernel, ` (JavaScript)` behind it where no native code computed it. */
  readonly name: string;
  readonly calls: number; // how often it ran
  readonly milliseconds: number; // of all calls together
  /** Floating-point operations of its matrix products; 0 where it declares none. */
  readonly flops: number;
}

interface Totals {
  calls: number;
  milliseconds: number;
  flops: number;
}

let totals: Map<string, Totals> | null = null;
let isJavaScript = false; // of the kernel that runs

/** From now on `timed` adds up. */
export function startRecording(): void {
  totals = new Map();
}

/** @returns what was timed, most time first */
export function stopRecording(): KernelProfile[] {
  const kernels = [...(totals ?? [])].map(([name, total]) => ({ name, ...total }));
  totals = null;
  return kernels.sort((a, b) => b.milliseconds - a.milliseconds);
}

export const isRecording = (): boolean => totals !== null;

/** `work`; its time and, where it tells, its operations are added to `name` while a recording is on. */
export function timed<T>(name: string, work: () => T, flops?: () => number): T {
  if (totals === null) return work();
  isJavaScript = false;
  const start = performance.now();
  const result = work();
  const milliseconds = performance.now() - start;
  add(totals, isJavaScript ? `${name} (JavaScript)` : name, { calls: 1, milliseconds, flops: flops?.() ?? 0 });
  return result;
}

/** Says that the kernel which runs has no native code for its case. */
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
