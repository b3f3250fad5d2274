import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { gemm, type Product, splitsOf } from '../../src/host/gemm.js';
import { buildEmulation } from '../helpers/emulated.js';
import { expectClose, expectRounded, inBothOrders, matMul, rounded, TestDevice, uniform } from '../helpers/kernels.js';

type Sizes = readonly [m: number, n: number, k: number];
type Settings = Omit<Product, 'a' | 'b' | 'c' | 'm' | 'n' | 'k' | 'bias'> & { readonly bias?: boolean };

describe.each(['float32', 'bfloat16'] as const)('a %s matrix product', (precision) => {
  let device: TestDevice;

  beforeAll(() => {
    buildEmulation('gemm-float32', 'gemm-bfloat16', 'arena');
    device = new TestDevice();
  });
  afterEach(() => device.dispose());

  const multiplied = (values: Float32Array): Float32Array => (precision === 'float32' ? values : rounded(values));

  /** The product of uniform matrices, and the same in float64. */
  function products([m, n, k]: Sizes, settings: Settings, on = device): [actual: Float32Array, expected: Float64Array] {
    const { batches = 1, alpha = 1, accumulate = false, relu = false, strideB = n * k } = settings;
    const a = uniform(batches * m * k, 1);
    const b = uniform(batches * n * k, 2);
    const before = uniform(batches * m * n, 3);
    const bias = settings.bias === true ? uniform(n, 4) : null;
    const { c } = inBothOrders(on, () => {
      const c = on.upload(before);
      const operands = { a: on.upload(a), b: on.upload(b), c, bias: bias && on.upload(bias) };
      gemm(on, { ...settings, ...operands, m, n, k, precision });
      return { c: on.floats(c, before.length) };
    });
    const expected = Float64Array.from(before, (value) => (accumulate ? value : 0));
    for (let batch = 0; batch < batches; batch++) {
      const [first, second] = [multiplied(a).subarray(batch * m * k), multiplied(b).subarray(batch * strideB)];
      matMul(first, second, [m, n, k], settings).forEach((value, i) => {
        expected[batch * m * n + i]! += alpha * value + (bias?.[i % n] ?? 0);
      });
    }
    return [c as Float32Array, relu ? expected.map((value) => Math.max(value, 0)) : expected];
  }

  const transpositions = [false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => ({ transposeA, transposeB })),
  );

  test.each(transpositions)(
    'of any sizes agrees with float64 for transposeA $transposeA and transposeB $transposeB',
    (settings) => {
      for (const sizes of [
        [1, 1, 1],
        [70, 65, 33],
        [3, 132, 16],
        [130, 136, 136],
        [64, 64, 0],
      ] as const) {
        for (const on of [device, new TestDevice(1), new TestDevice(1000)]) {
          const [actual, expected] = products(sizes, settings, on);
          expectClose(`product ${sizes}`, actual, expected);
        }
      }
    },
  );

  test.each([
    { alpha: 0.5, accumulate: true },
    { bias: true },
    { bias: true, relu: true, accumulate: true, alpha: -2 },
    { batches: 3, transposeB: true },
    { batches: 2, strideB: 0, relu: true },
  ])('finishes with %j', (settings) => {
    for (const sizes of [
      [33, 70, 17],
      [5, 8, 12],
    ] as const) {
      const [actual, expected] = products(sizes, settings);
      expectClose(`product ${sizes}`, actual, expected);
    }
  });

  test('of a long k is split, and the parts are added in order', () => {
    const sizes = [20, 70, 1030] as const;
    expect(splitsOf({ m: sizes[0], n: sizes[1], k: sizes[2] })).toBe(4);
    const settings = { transposeA: true, accumulate: true, bias: true, relu: true, alpha: 0.1, batches: 2 };
    const [actual, expected] = products(sizes, settings);
    expectClose('product', actual, expected);
  });

  test('has the same bits on devices of different sizes', () => {
    const [small] = products([150, 200, 40], { transposeB: true }, new TestDevice(1));
    const [large] = products([150, 200, 40], { transposeB: true }, new TestDevice(1000));
    expect(small).toEqual(large);
  });

  test('keeps NaN under ReLU', () => {
    const [a, c] = [device.upload(Float32Array.of(Number.NaN)), device.allocate(4)];
    gemm(device, { a, b: device.upload(Float32Array.of(1)), c, m: 1, n: 1, k: 1, relu: true, precision });
    expect(device.floats(c, 1)[0]).toBeNaN();
  });
});

describe('a bfloat16 matrix product of tables in bfloat16', () => {
  let device: TestDevice;

  beforeAll(() => {
    buildEmulation('gemm-float32', 'gemm-bfloat16', 'arena');
    device = new TestDevice();
  });

  /** The product of tables that are stored so, and the same in float64. */
  function product([m, n, k]: Sizes, storage: Required<Product>['storage'], settings: Settings, on = device) {
    const { accumulate = false, relu = false } = settings;
    const [a, b] = [rounded(uniform(m * k, 1)), rounded(uniform(n * k, 2))];
    const before = rounded(uniform(m * n, 3));
    const bias = settings.bias === true ? uniform(n, 4) : null;
    const { c } = inBothOrders(on, () => {
      const addresses = {
        a: on.store(a, storage.a ?? 'float32'),
        b: on.store(b, storage.b ?? 'float32'),
        c: on.store(before, storage.c ?? 'float32'),
        bias: bias && on.upload(bias),
      };
      gemm(on, { ...settings, ...addresses, m, n, k, precision: 'bfloat16', storage });
      return { c: on.table(addresses.c, before.length, storage.c ?? 'float32') };
    });
    const expected = matMul(a, b, [m, n, k], settings).map(
      (value, i) => value + (accumulate ? before[i]! : 0) + (bias?.[i % n] ?? 0),
    );
    return [c as Float32Array, relu ? expected.map((value) => Math.max(value, 0)) : expected] as const;
  }

  const SIZES = [
    [1, 1, 1],
    [70, 65, 33],
    [3, 132, 16],
    [130, 136, 136],
    [20, 70, 1032], // split
  ] as const;

  test.each([
    { a: 'bfloat16', b: 'bfloat16', c: 'bfloat16' },
    { a: 'bfloat16', b: 'float32', c: 'float32' },
    { a: 'float32', b: 'bfloat16', c: 'bfloat16' },
  ] as const)('multiplies $a and $b into $c', (storage) => {
    const settings = [{}, { bias: true, relu: true }, { accumulate: true }, {}, { bias: true }];
    const small = new TestDevice(1);
    for (const transposeB of [false, true]) {
      SIZES.forEach((sizes, i) => {
        const on = (i % 2 === 0) === transposeB ? device : small;
        const [actual, expected] = product(sizes, storage, { ...settings[i], transposeB }, on);
        (storage.c === 'bfloat16' ? expectRounded : expectClose)(`product ${sizes}`, actual, expected);
      });
    }
  });

  test('adds the gradient of weights in float32', () => {
    for (const sizes of SIZES) {
      const storage = { a: 'bfloat16', b: 'bfloat16' } as const;
      const [actual, expected] = product(sizes, storage, { transposeA: true, accumulate: true });
      expectClose(`product ${sizes}`, actual, expected);
    }
  });

  test('takes operands where their rows are no multiples of 16 bytes', () => {
    const [m, n, k] = [40, 24, 48];
    const [a, b] = [rounded(uniform(m * k, 1)), rounded(uniform(n * k, 2))];
    const shifted = (values: Float32Array): number => device.store(Float32Array.of(0, ...values), 'bfloat16') + 2;
    const storage = { a: 'bfloat16', b: 'bfloat16', c: 'bfloat16' } as const;
    const { c } = inBothOrders(device, () => {
      const c = shifted(new Float32Array(m * n));
      gemm(device, { a: shifted(a), b: shifted(b), c, m, n, k, transposeB: true, precision: 'bfloat16', storage });
      return { c: device.table(c, m * n, 'bfloat16') };
    });
    expectRounded('product', c!, matMul(a, b, [m, n, k], { transposeB: true }));
  });

  test.each([
    { precision: 'float32', storage: { a: 'bfloat16' } },
    { precision: 'bfloat16', storage: { c: 'bfloat16' }, transposeA: true },
  ] as const)('does not exist as %j', (settings) => {
    const run = (): void => gemm(device, { a: 0, b: 0, c: 0, m: 1, n: 1, k: 1, ...settings });
    expect(run).toThrow(`no ${settings.precision} product for storage {`);
  });
});
