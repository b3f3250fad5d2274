import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { LaunchShape } from '../src/launch.js';
import { pointer } from '../src/launch.js';
import { buildEmulation, EmulatedDevice, inOrder, ORDERS, type Order } from './helpers/emulated.js';

let device: EmulatedDevice;
beforeAll(() => {
  buildEmulation('../test/emulation/faults');
  device = new EmulatedDevice();
});
afterEach(() => device.dispose());

const WARP: LaunchShape = { grid: 1, block: 32 };
const ramp = (size: number): Float32Array => Float32Array.from({ length: size }, (_, i) => i);

/** The output of a kernel whose last parameter is its output. */
function run(
  name: string,
  shape: LaunchShape,
  inputs: readonly Float32Array[],
  size: number,
  order: Order = 'forwards',
) {
  const kernel = device.modules.kernel('faults', name, shape.dynamicShared);
  return inOrder(order, () => {
    const y = device.allocate(4 * size);
    device.launch(kernel, shape, [...inputs.map((values) => pointer(device.upload(values))), pointer(y)]);
    return device.floats(y, size);
  });
}

describe('the emulation of threads', () => {
  test.each([31, 64])('a missing barrier gives other values in one of the orders, of %i threads', (block) => {
    const x = ramp(block);
    const expected = x.map((_, i) => (i + 1) % block);
    const of = (name: string): Float32Array[] =>
      ORDERS.map((order) => run(name, { grid: 1, block }, [x], block, order));
    for (const y of of('shift_with_barrier')) expect(y).toEqual(expected);
    expect(of('shift_without_barrier').some((y) => y.some((value, i) => value !== expected[i]))).toBe(true);
  });

  test('shared memory is full of NaN at the start of every block', () => {
    const y = run('stale_shared', { grid: 2, block: 32, dynamicShared: 128 }, [], 128);
    expect([...y.subarray(0, 64)].every((value) => value === 1)).toBe(true);
    expect([...y.subarray(64)].every(Number.isNaN)).toBe(true);
  });

  test.each(ORDERS)('warp functions give each lane the value of the right lane, %s', (order) => {
    const words = inOrder(order, () => {
      const y = device.upload(new Int32Array(257));
      device.launch(device.modules.kernel('faults', 'warp_functions'), WARP, [pointer(y)]);
      return device.integers(y, 257);
    });
    for (let lane = 0; lane < 32; lane++) {
      const expected = [5, lane ^ 3, lane < 2 ? lane + 30 : lane, lane < 30 ? lane : lane - 30, 0x49249249, 1, 0, 1];
      expect([...words.subarray(lane * 8, lane * 8 + 8)]).toEqual(expected);
    }
    expect(words[256]).toBe(32);
  });
});

describe('the emulation of tensor cores and asynchronous copies', () => {
  const pseudoRandom = (size: number, step: number): Float32Array =>
    Float32Array.from({ length: size }, (_, i) => ((i * step) % 17) - 8); // exact in bfloat16

  test.each(ORDERS)('mma of matrices loaded by ldmatrix is their product, %s', (order) => {
    const [a, b] = [pseudoRandom(256, 5), pseudoRandom(128, 7)];
    const plain = run('product', WARP, [a, b], 128, order);
    const bRows = Float32Array.from({ length: 128 }, (_, i) => b[(i % 8) * 16 + Math.floor(i / 8)]!);
    const transposed = run('product_transposed', WARP, [a, bRows], 128, order);
    for (let i = 0; i < 128; i++) {
      let sum = 0;
      for (let k = 0; k < 16; k++) sum += a[Math.floor(i / 8) * 16 + k]! * b[(i % 8) * 16 + k]!;
      expect([plain[i], transposed[i]]).toEqual([sum, sum]);
    }
  });

  test('an asynchronous copy arrives when it is waited for, and an absent one as zeros', () => {
    const shape = { grid: 1, block: 1, dynamicShared: 32 };
    expect([...run('pipeline_complete', shape, [ramp(4)], 8)]).toEqual([0, 1, 2, 3, 0, 0, 0, 0]);
    const early = run('pipeline_too_early', shape, [ramp(4)], 8);
    expect([...early.subarray(0, 4)]).toEqual([0, 1, 2, 3]);
    expect([...early.subarray(4)].every(Number.isNaN)).toBe(true);
  });

  test('philox gives the published words', () => {
    const y = device.allocate(16);
    device.launch(device.modules.kernel('faults', 'random_words'), { grid: 1, block: 1 }, [pointer(y)]);
    // Random123's kat_vectors: philox4x32 10 rounds, the digits of pi.
    expect([...device.integers(y, 4)].map((word) => word >>> 0)).toEqual([
      0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1,
    ]);
  });
});

/**
 * What a failing kernel of GPU 0 prints. Errors end the emulated GPU, as a kernel's failure ends a real one, so each runs
 * in a process of its own.
 * @param owner the GPU that has the memory of the kernel's parameters
 */
function failureOf(name: string, dynamicShared: number, owner: 0 | 1 = 0): string {
  const script = `
    const addon = require(process.argv[1]);
    const gpu = addon.open(process.argv[2], 0);
    const module = gpu.loadModule(new TextEncoder().encode(process.argv[3]));
    const kernel = gpu.findFunction(module, process.argv[4], ${dynamicShared});
    const address = addon.open(process.argv[2], ${owner}).allocate(256);
    const parameters = new ArrayBuffer(16);
    new Float64Array(parameters); new BigUint64Array(parameters).fill(BigInt(address));
    const count = process.argv[4] === 'misaligned_copy' ? 2 : 1;
    gpu.launch(kernel, 1, 1, 1, 32, 1, 1, ${dynamicShared}, parameters, count);
    for (let i = 0; i < 2; i++) try { gpu.synchronize(); } catch (error) { console.log(error.code); }`;
  const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
  const folder = `../build/${process.env.TFJS_CUDA_EMULATION_FOLDER ?? 'emulation'}`;
  const files = ['../build/Release/cuda.node', `${folder}/libcuda.so.1`, `${folder}/faults.so`].map(path);
  const shell = ['-c', '"$0" "$@" 2>&1', process.execPath, '-e', script, ...files, name];
  // Without the log of scripts/test-sanitized.sh, where only unexpected findings belong.
  const env = {
    ...process.env,
    ASAN_OPTIONS: 'detect_leaks=0:detect_odr_violation=0',
    EMULATED_CUDA_DEVICES: '2',
  };
  return spawnSync('/bin/sh', shell, { encoding: 'utf8', env }).stdout;
}

describe('a kernel that a GPU would not run', () => {
  test.each([
    ['half_a_barrier', 'threads wait at a barrier that others never reach'],
    ['partial_shuffle', 'a shuffle names a part of its warp'],
    ['misaligned_copy', 'the address of a vector copy is not aligned'],
  ])('%s fails when it is waited for, and so does every call after it', (name, message) => {
    const failed = 'CUDA_ERROR_LAUNCH_FAILED\n';
    expect(failureOf(name, 128)).toBe(`emulated CUDA: ${message}\n${failed}${failed}`);
  });

  test('that gets an address of another GPU fails', () => {
    const failed = 'CUDA_ERROR_ILLEGAL_ADDRESS\n';
    const message = 'a kernel got an address of another GPU';
    expect(failureOf('stale_shared', 128, 1)).toBe(`emulated CUDA: ${message}\n${failed}${failed}`);
  });

  const isSanitized = process.env.TFJS_CUDA_EMULATION_FOLDER === 'emulation-sanitized';
  test.runIf(isSanitized).each(['write_behind_memory', 'read_behind_shared'])('%s ends the process', (name) => {
    expect(failureOf(name, 128)).toContain('AddressSanitizer: heap-buffer-overflow');
  });
});
