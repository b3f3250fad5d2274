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

  it('lists what a GPU copied, by the operations that the host computed', () => {
    const table = profileTable({
      milliseconds: 10,
      kernels: [{ name: 'gemm_float32_nt_large', calls: 2, milliseconds: 8, flops: 4e10 }],
      pool: { mostInUse: 2 ** 20, reserved: 2 ** 24 },
      copies: [
        { name: 'Cumsum', calls: 3, bytesToHost: 2 ** 20, bytesToDevice: 2 ** 19 },
        { name: 'the program', calls: 0, bytesToHost: 0, bytesToDevice: 2 ** 10 },
      ],
    });
    expect(table.split('\n').slice(1)).toEqual([
      'gemm_float32_nt_large      2   8.0  5000.0   80.0 %',
      'outside of kernels             2.0           20.0 %',
      'total                      2  10.0  4000.0  100.0 %',
      'copied for   calls  MiB to host  MiB to device',
      'Cumsum           3        1.000          0.500',
      'the program                              0.001',
      'pool: 1 MiB in use at most, 16 MiB reserved',
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
    expect(recorded.messages()).toEqual(['--profile is supported only on --device cpu and cuda, not on wasm']);
  });
});
