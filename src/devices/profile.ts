import type { KernelProfile, Profile } from 'tfjs-backend-onednn';
import { log } from '../log.js';
import { defineOptions } from '../options/schema.js';
import type { Device, Profiler } from './device.js';
import { formatTable } from './table.js';

/** `--profile` of the commands that compute. */
export const profileOption = defineOptions({
  profile: {
    kind: 'boolean',
    default: false,
    group: 'Log',
    help: 'log the time spent in each kernel; only on --device cpu',
  },
});

/** The device's profiler with `--profile`, otherwise null. Warns if the device has no profiler. */
export function requestedProfiler(
  { profile }: { readonly profile: boolean },
  device: Pick<Device, 'name' | 'profiler'>,
): Profiler | null {
  if (!profile) return null;
  if (device.profiler === undefined) log.warning(`--profile is supported only on --device cpu, not on ${device.name}`);
  return device.profiler ?? null;
}

/** Logs a profile as a table. @param what the profiled work, for the heading */
export function logProfile(what: string, profile: Profile): void {
  log.message(`profile of ${what}: ${profile.milliseconds.toFixed(1)} ms\n${profileTable(profile)}`);
}

const HEADINGS = ['kernel', 'calls', 'ms', 'GFLOPS', 'share'];

/**
 * Formats name, calls, time, speed of matrix products and share of time per kernel, then memory and primitive cache.
 */
export function profileTable({ milliseconds, kernels, pool, cachedPrimitives }: Profile): string {
  const share = (part: number): string => `${((100 * part) / milliseconds).toFixed(1)} %`;
  const row = ({ name, calls, milliseconds: time, flops }: KernelProfile): string[] => [
    name,
    String(calls),
    time.toFixed(1),
    flops === 0 ? '' : (flops / time / 1e6).toFixed(1),
    share(time),
  ];
  const inKernels = kernels.reduce((sum, { milliseconds: time }) => sum + time, 0);
  const outside = milliseconds - inKernels;
  const flops = kernels.reduce((sum, kernel) => sum + kernel.flops, 0);
  const rest = ['outside of kernels', '', outside.toFixed(1), '', share(outside)];
  const calls = kernels.reduce((sum, kernel) => sum + kernel.calls, 0);
  const total = row({ name: 'total', calls, milliseconds, flops });
  const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
  return [
    formatTable([HEADINGS, ...kernels.map(row), rest, total]),
    `pool: ${megabytes(pool.mostInUse)} MiB in use at most, ${megabytes(pool.reserved)} MiB reserved; ` +
      `primitive cache: ${cachedPrimitives} entries`,
  ].join('\n');
}
