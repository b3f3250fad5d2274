import { describe, expect, it } from 'vitest';
import { profileTable, requestedProfiler } from '../../src/devices/profile.js';
import { portableArenaKernels } from '../../src/optim/arena-kernels.js';
import { recordLog } from '../training/observe.js';

const recorded = recordLog();
const EMPTY = { milliseconds: 1, kernels: [], pool: { mostInUse: 0, reserved: 0 }, cachedPrimitives: 0 };

describe('the table of a profile', () => {
  it('lists calls, time, speed if the operations are counted, and shares that add up, then memory and primitives', () => {
    const table = profileTable({
      milliseconds: 200,
      kernels: [
        { name: 'FusedLinear', calls: 24, milliseconds: 100, flops: 15e9 },
        { name: 'Cast (JavaScript)', calls: 3, milliseconds: 20, flops: 0 },
      ],
      pool: { mostInUse: 3 * 2 ** 20, reserved: 256 * 2 ** 20 },
      cachedPrimitives: 41,
    });
    expect(table.split('\n')).toEqual([
      'kernel              calls     ms  GFLOPS    share',
      'FusedLinear            24  100.0   150.0   50.0 %',
      'Cast (JavaScript)       3   20.0           10.0 %',
      'outside of kernels          80.0           40.0 %',
      'total                  27  200.0    75.0  100.0 %',
      'pool: 3 MiB in use at most, 256 MiB reserved; primitive cache: 41 entries',
    ]);
  });
});

describe('--profile', () => {
  const device = { name: 'wasm', description: {}, arenaKernels: portableArenaKernels };
  const profiler = { start: () => {}, end: () => EMPTY };

  it('uses the device’s profiler if requested', () => {
    expect(requestedProfiler({ profile: false }, { ...device, profiler })).toBeNull();
    expect(requestedProfiler({ profile: true }, { ...device, profiler })).toBe(profiler);
    expect(recorded.messages()).toEqual([]);
  });

  it('warns if the device has no profiler, and continues', () => {
    expect(requestedProfiler({ profile: true }, device)).toBeNull();
    expect(recorded.messages()).toEqual(['--profile is supported only on --device cpu, not on wasm']);
  });
});
