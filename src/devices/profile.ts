import { log } from '../log.js';
import { defineOptions } from '../options/schema.js';
import type { CopyProfile, Device, KernelProfile, Profile, Profiler } from './device.js';
import { formatTable } from './table.js';

/** `--profile` of the commands that compute. */
export const profileOption = defineOptions({
  profile: {
    kind: 'boolean',
    default: false,
    group: 'Log',
    help: 'log the time spent in each kernel; only on --device cpu or cuda',
  },
});

/** The device's profiler with `--profile`, otherwise null. Warns if the device has no profiler. */
export function requestedProfiler(
  { profile }: { readonly profile: boolean },
  device: Pick<Device, 'name' | 'profiler'>,
): Profiler | null {
  if (!profile) return null;
  if (device.profiler === undefined) {
    log.warning(`--profile is supported only on --device cpu and cuda, not on ${device.name}`);
  }
  return device.profiler ?? null;
}

/** Logs a profile as a table. @param what the profiled work, for the heading */
export function logProfile(what: string, profile: Profile): void {
  log.message(`profile of ${what}: ${profile.milliseconds.toFixed(1)} ms\n${profileTable(profile)}`);
}

const HEADINGS = ['kernel', 'calls', 'ms', 'GFLOPS', 'share'];

/**
 * Formats name, calls, time, speed of matrix products and share of time per kernel, then copies between host and device,
 * memory and primitive cache. On a GPU, the time outside of kernels is that in which it waits or copies.
 */
export function profileTable({ milliseconds, kernels, pool, cachedPrimitives, copies = [] }: Profile): string {
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
  const whole = (bytes: number): string => mebibytes(bytes).toFixed(0);
  const primitives = cachedPrimitives === undefined ? '' : `; primitive cache: ${cachedPrimitives} entries`;
  return [
    formatTable([HEADINGS, ...kernels.map(row), rest, total]),
    ...(copies.length === 0 ? [] : [copyTable(copies)]),
    `pool: ${whole(pool.mostInUse)} MiB in use at most, ${whole(pool.reserved)} MiB reserved${primitives}`,
  ].join('\n');
}

const COPY_HEADINGS = ['copied for', 'calls', 'MiB to host', 'MiB to device'];

/** Formats what moved between host and device for each operation that the device lacks. */
function copyTable(copies: readonly CopyProfile[]): string {
  const precise = (bytes: number): string => (bytes === 0 ? '' : mebibytes(bytes).toFixed(3));
  const row = ({ name, calls, bytesToHost, bytesToDevice }: CopyProfile): string[] => [
    name,
    calls === 0 ? '' : String(calls),
    precise(bytesToHost),
    precise(bytesToDevice),
  ];
  return formatTable([COPY_HEADINGS, ...copies.map(row)]);
}

const mebibytes = (bytes: number): number => bytes / 2 ** 20;
