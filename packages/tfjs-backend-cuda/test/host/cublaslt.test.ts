import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CublasLt } from '../../src/cublaslt.js';
import { gemm, isForBlas, type Product } from '../../src/host/gemm.js';
import type { Precision } from '../../src/host/host-device.js';
import { Recorder } from '../../src/recorder.js';
import { buildEmulation } from '../helpers/emulated.js';
import { expectClose, matMul, rounded, TestDevice, uniform } from '../helpers/kernels.js';

class DeviceWithBlas extends TestDevice {
  readonly blas = CublasLt.open(this.driver, 'on')!;
}

/** The kernels that `work` starts. */
function kernelsOf(device: TestDevice, work: () => void): string[] {
  device.driver.recorder = new Recorder(device.driver);
  work();
  const { kernels } = device.driver.recorder.end();
  device.driver.recorder = null;
  return kernels.map(({ name }) => name).sort();
}

describe('cuBLASLt', () => {
  let device: DeviceWithBlas;
  beforeAll(() => {
    buildEmulation('gemm-float32', 'gemm-bfloat16', 'arena');
    device = new DeviceWithBlas();
  });
  afterEach(() => device.dispose());

  const transpositions = [false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => ({ transposeA, transposeB })),
  );
  const finishes = [{}, { alpha: -0.5, accumulate: true, bias: true }];
  const cases = transpositions.flatMap((transposed) => finishes.map((finish) => ({ ...transposed, ...finish })));

  describe.each<Precision>(['float32', 'bfloat16'])('in %s', (precision) => {
    test.each(cases)('agrees with float64 with %j', (settings) => {
      const [m, n, k] = [65, 72, 67];
      const [a, b, before, bias] = [uniform(m * k, 1), uniform(k * n, 2), uniform(m * n, 3), uniform(n, 4)];
      const { alpha = 1, accumulate = false } = settings as Partial<Product>;
      const hasBias = 'bias' in settings;
      // Memory that C is not read from is full of NaN.
      const c = accumulate ? device.upload(before) : device.allocate(4 * m * n);
      const names = kernelsOf(device, () =>
        gemm(device, {
          ...{ a: device.upload(a), b: device.upload(b), c, m, n, k, precision },
          ...{ ...settings, bias: hasBias ? device.upload(bias) : null },
        }),
      );
      expect(names).toEqual(precision === 'float32' ? ['cublasLtMatmul'] : ['bfloat16_copy', 'cublasLtMatmul']);
      const [first, second] = precision === 'float32' ? [a, b] : [rounded(a), rounded(b)];
      const expected = matMul(first, second, [m, n, k], settings).map(
        (value, i) => alpha * value + (accumulate ? before[i]! : 0) + (hasBias ? bias[i % n]! : 0),
      );
      expectClose('product', device.floats(c, m * n), expected);
    });
  });

  test('reads the bias of each product of a shape, also one that is less aligned', () => {
    const [size, ones] = [64, new Float32Array(64 * 64).fill(1)];
    const operands = { a: device.upload(ones), b: device.upload(ones), m: size, n: size, k: size };
    const biases = device.upload(Float32Array.from({ length: size + 4 }, (_, i) => (i < 4 ? 1 : 2)));
    const sums = [biases, biases + 16].map((bias) => {
      const c = device.allocate(4 * size * size);
      gemm(device, { ...operands, c, bias });
      return device.floats(c, 1)[0];
    });
    expect(sums).toEqual([65, 66]);
  });

  test('leaves a product for which it has no algorithm to our kernels', () => {
    const size = 64;
    const ones = device.upload(new Float32Array(size * size).fill(1));
    const unaligned = device.allocate(4 * size * size + 4) + 4;
    const product = { a: ones, b: ones, c: unaligned, m: size, n: size, k: size, precision: 'bfloat16' } as const;
    expect(kernelsOf(device, () => gemm(device, product)).at(-1)).toMatch(/^gemm_bfloat16/);
    expect(new Set(device.floats(unaligned, size * size))).toEqual(new Set([size]));
  });

  test.each<[boolean, string, Partial<Product>]>([
    [true, 'of 64 rows, columns and terms', {}],
    [true, 'with a bias that adds to C', { bias: 1, accumulate: true }],
    [false, 'with few rows', { m: 63 }],
    [false, 'with few columns', { n: 63 }],
    [false, 'with few terms', { k: 63 }],
    [false, 'of several matrices', { batches: 2 }],
    [false, 'with ReLU', { relu: true }],
  ])('is used (%s) for a product %s', (used, _, settings) => {
    expect(isForBlas({ a: 1, b: 1, c: 1, m: 64, n: 64, k: 64, ...settings })).toBe(used);
  });

  test('is opened only if it is asked for, and has a version', () => {
    expect(CublasLt.open(device.driver, undefined)).toBeNull();
    expect(CublasLt.open(device.driver, '')).toBeNull();
    expect(device.blas.version).toBe('12.9.1');
    expect(() => CublasLt.open(device.driver, '/nowhere/libcublasLt.so.12')).toThrow(
      /^TFJS_CUDA_CUBLASLT=\/nowhere\/libcublasLt\.so\.12: cuBLASLt cannot be used \(openBlas: .+ No such file or directory\)$/,
    );
  });
});
