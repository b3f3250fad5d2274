import { expect } from 'vitest';
import type { HostDevice, Precision, Storage } from '../../src/host/host-device.js';
import { Launcher } from '../../src/launch.js';
import { EmulatedDevice, inOrder, ORDERS } from './emulated.js';

/** The emulated GPU as host sides use it. Lent memory is full of NaN. */
export class TestDevice extends EmulatedDevice implements HostDevice {
  readonly launcher = new Launcher(this.driver);
  precision: Precision = 'float32';
  readonly sharedMemoryPerBlock = this.driver.device.sharedMemoryPerBlock;

  constructor(readonly multiprocessors = 4) {
    super();
  }

  /** The address of a table that is stored so. Values must be bfloat16 numbers if it is bfloat16. */
  store(values: Float32Array, storage: Storage): number {
    return this.upload(storage === 'float32' ? values : Uint16Array.from(halves(values)));
  }

  /** The address of memory full of NaN for a table that is stored so. */
  allocateTable(size: number, storage: Storage): number {
    return this.allocate((storage === 'float32' ? 4 : 2) * size);
  }

  /** The values of a table that is stored so. */
  table(address: number, size: number, storage: Storage): Float32Array {
    if (storage === 'float32') return this.floats(address, size);
    const values = new Uint16Array(size);
    this.driver.download({ address, values });
    return new Float32Array(Uint32Array.from(values, (half) => half << 16).buffer);
  }

  borrow(bytes: number, work: (address: number) => void): void {
    work(this.allocate(bytes));
  }
}

/** Deterministic uniform numbers in [−1, 1). */
export function uniform(size: number, seed = 1): Float32Array {
  let state = seed * 2654435761;
  return Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** Arrays of results by name. */
export type Results = Readonly<Record<string, Float32Array | Int32Array>>;

/** Runs `work` in both orders of threads, with its own memory each. @returns the results, which must have the same bits */
export function inBothOrders(device: TestDevice, work: () => Results): Results {
  const [forwards, backwards] = ORDERS.map((order) =>
    inOrder(order, () => {
      try {
        return work();
      } finally {
        device.dispose();
      }
    }),
  );
  expect(backwards).toEqual(forwards);
  return forwards!;
}

/** Expects the root mean square of the error to be below `tolerance` of that of the values, which counts as 0.03 or more. */
export function expectClose(
  what: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = 2e-6,
): void {
  expect(actual.length, `length of ${what}`).toBe(expected.length);
  let errors = 0;
  let squares = 0;
  for (let i = 0; i < expected.length; i++) {
    errors += (actual[i]! - expected[i]!) ** 2;
    squares += expected[i]! ** 2;
  }
  expect(Math.sqrt(errors / Math.max(squares, 1e-3 * expected.length, 1e-9)), `relative error of ${what}`).toBeLessThan(
    tolerance,
  );
}

/** The upper halves of the words of numbers. */
const halves = (values: Float32Array): Uint32Array => new Uint32Array(values.slice().buffer).map((word) => word >>> 16);

/**
 * Expects values to be the expected ones, rounded to bfloat16: half a unit in its last place away, and a little more where
 * a sum in float32 falls on the other side of a tie.
 */
export function expectRounded(what: string, actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length, `length of ${what}`).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!);
    const bound = 2 ** -8 * Math.abs(expected[i]!) + 1e-5;
    // The bundle of check-gpu.sh has no expect.fail.
    if (!(error <= bound)) throw new Error(`${what}[${i}] is ${actual[i]}, not ${expected[i]} rounded`);
  }
}

/** Numbers that are rounded to bfloat16. */
export function rounded(values: Float32Array): Float32Array {
  const words = new Uint32Array(values.slice().buffer).map(
    (word) => (word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000,
  );
  return new Float32Array(words.buffer);
}

/** op(a) · op(b) in float64: [m, n]. */
export function matMul(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  [m, n, k]: readonly [number, number, number],
  {
    transposeA = false,
    transposeB = false,
  }: { transposeA?: boolean | undefined; transposeB?: boolean | undefined } = {},
): Float64Array {
  const c = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++)
        sum += a[transposeA ? l * m + i : i * k + l]! * b[transposeB ? j * k + l : l * n + j]!;
      c[i * n + j] = sum;
    }
  }
  return c;
}
