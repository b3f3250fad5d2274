import {
  accumulate,
  adamStep,
  describe as describeBackend,
  discard,
  scale,
  setThreads,
  squaredNorm,
} from 'tfjs-backend-onednn';
import { describe, expect, test } from 'vitest';
import { portableArenaKernels } from '../../../src/optim/arena-kernels.js';
import { difference, uniform } from './compare.js';

const SIZES = [0, 1, 17, 100_003];

describe.each(SIZES)('arena kernels on %d elements', (size) => {
  test('scale and add like the portable kernels, bit for bit', () => {
    const [native, plain] = [uniform([size], 1), uniform([size], 1)];
    scale(native, Math.fround(0.37));
    portableArenaKernels.scale(plain, Math.fround(0.37));
    expect(native).toEqual(plain);
    const addend = uniform([size], 2);
    accumulate(native, addend);
    plain.forEach((value, index, all) => {
      all[index] = value + addend[index]!;
    });
    expect(native).toEqual(plain);
  });

  test('sum squares in float64', () => {
    const x = uniform([size], 3);
    expect(squaredNorm(x)).toBeCloseTo(portableArenaKernels.squaredNorm(x), 8);
  });

  test('compute the steps of Adam', () => {
    const arenas = (): Float32Array[] => [
      uniform([size], 4),
      uniform([size], 5),
      new Float32Array(size),
      new Float32Array(size),
    ];
    const [native, plain] = [arenas(), arenas()];
    for (const { adam, set } of [
      { adam: adamStep, set: native },
      { adam: portableArenaKernels.adamStep, set: plain },
    ]) {
      for (let step = 1; step <= 3; step++) {
        const stepSize = (1e-3 * Math.sqrt(1 - 0.98 ** step)) / (1 - 0.9 ** step);
        adam(set[0]!, set[1]!, set[2]!, set[3]!, { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, stepSize, decay: 1e-4 });
      }
    }
    native.forEach((arena, index) => {
      expect(difference(arena, plain[index]!)).toBeLessThan(1e-6);
    });
  });

  test('repeat bit for bit', () => {
    const x = uniform([size], 3);
    const before = describeBackend().threads;
    setThreads(1);
    const alone = squaredNorm(x);
    setThreads(2);
    expect(squaredNorm(x)).toBe(alone);
    setThreads(before);
  });
});

test('arenas of different lengths are rejected', () => {
  expect(() => accumulate(new Float32Array(2), new Float32Array(3))).toThrow('different lengths: 2, 3');
});

test.each([0, -1, 1.5])('%d threads are rejected', (threads) => {
  expect(() => setThreads(threads)).toThrow('threads must be a whole number');
});

describe('memory that is returned to the system', () => {
  const PAGE = 4096 / 4; // float32 elements; with larger pages, less memory is returned

  test.runIf(process.platform === 'linux')('reads as zeros, but for the ends that share pages with neighbours', () => {
    const whole = uniform([1 << 18], 6).map((value) => value + 2);
    const before = whole.slice();
    const [begin, end] = [1000, whole.length - 1000];
    discard(whole.subarray(begin, end));
    expect(whole.subarray(0, begin)).toEqual(before.subarray(0, begin));
    expect(whole.subarray(end)).toEqual(before.subarray(end));
    const middle = whole.subarray(begin + 16 * PAGE, end - 16 * PAGE);
    expect(middle.every((value) => value === 0)).toBe(true);
    whole.set(before);
    expect(whole.every((value, index) => value === before[index])).toBe(true);
  });

  test('does not include an array within one page', () => {
    const x = uniform([100], 7);
    const before = x.slice();
    discard(x);
    expect(x).toEqual(before);
  });
});
