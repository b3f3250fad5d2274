import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { CudaBackend } from '../src/backend.js';
import { uniform, useCuda, valuesOn } from './helpers/backends.js';
import { ORDERS } from './helpers/emulated.js';

let backend: CudaBackend;
beforeAll(async () => {
  backend = await useCuda();
});
afterEach(() => {
  delete process.env.EMULATED_CUDA_ORDER;
});

type Unary = (x: tf.Tensor) => tf.Tensor;
/** Functions of tfjs by their names. */
const operations: Readonly<Record<string, unknown>> = tf;
const unary = (name: string): Unary => operations[name] as Unary;
const binary = (name: string): ((a: tf.Tensor, b: tf.Tensor) => tf.Tensor) => operations[name] as never;

const integers = (values: number[]): tf.Tensor => tf.tensor1d(values, 'int32');

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Kernels of the host that an operation may use: they only change how values are seen, or make inputs. */
const BORROWED = new Set(['Identity', 'Reshape', 'ExpandDims', 'Range']);

/** Expects the same values from both backends, in both orders of threads, without help from the host. */
async function expectSame(operation: () => tf.Tensor, tolerance = 0): Promise<void> {
  const expected = await valuesOn('cpu', operation);
  for (const order of ORDERS) {
    process.env.EMULATED_CUDA_ORDER = order;
    const before = new Map(backend.statistics.borrowed);
    const actual = await valuesOn('cuda', operation);
    expect(expectNear(actual, expected, tolerance)).toEqual([]);
    const borrowed = [...backend.statistics.borrowed].filter(([name, calls]) => calls !== before.get(name));
    expect(borrowed.map(([name]) => name).filter((name) => !BORROWED.has(name))).toEqual([]);
  }
}

/** The places where values differ by more than a tolerance relative to max(1, |expected|). */
function expectNear(actual: readonly number[], expected: readonly number[], tolerance: number): string[] {
  const lengths = actual.length === expected.length ? [] : [`${actual.length} values, not ${expected.length}`];
  const wrong = expected.flatMap((value, i) => {
    const isSame = Object.is(actual[i], value) || actual[i] === value;
    const isNear = Math.abs(actual[i]! - value) <= tolerance * Math.max(1, Math.abs(value));
    return isSame || isNear ? [] : [`${i}: ${actual[i]}, not ${value}`];
  });
  return [...lengths, ...wrong.slice(0, 5)];
}

const SPECIAL = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  0,
  -0,
  1,
  -1,
  0.5,
  -2.5,
  3.5,
  1e-30,
  88,
  -88,
  1e30,
];

const UNARY = [
  'abs acos acosh asin asinh atan atanh ceil cos cosh elu exp expm1 floor isFinite isInf isNaN log log1p neg',
  'reciprocal relu relu6 round rsqrt selu sigmoid sign sin sinh softplus sqrt square tan tanh',
].flatMap((names) => names.split(' '));
const BINARY = [
  'add sub mul div maximum minimum squaredDifference pow mod atan2',
  'equal notEqual greater greaterEqual less lessEqual',
].flatMap((names) => names.split(' '));
const BINARY_OF_INTEGERS = 'add sub mul maximum minimum floorDiv equal less'.split(' ');

describe('elementwise operations', () => {
  /** The function in float64, and the relative error allowed of float32 rounding and the library's function. */
  const functions: readonly [
    name: string,
    run: (x: tf.Tensor) => tf.Tensor,
    exact: (x: number) => number,
    from: number,
    to: number,
  ][] = [
    ['exp', tf.exp, Math.exp, -80, 80],
    ['expm1', tf.expm1, Math.expm1, -10, 10],
    ['log', tf.log, Math.log, 1e-6, 100],
    ['log1p', tf.log1p, Math.log1p, -0.99, 100],
    ['sqrt', tf.sqrt, Math.sqrt, 0, 1000],
    ['rsqrt', tf.rsqrt, (x) => 1 / Math.sqrt(x), 1e-3, 1000],
    ['tanh', tf.tanh, Math.tanh, -12, 12],
    ['sigmoid', tf.sigmoid, (x) => 1 / (1 + Math.exp(-x)), -30, 30],
    ['softplus', tf.softplus, (x) => Math.log1p(Math.exp(x)), -10, 30],
    ['reciprocal', tf.reciprocal, (x) => 1 / x, 0.01, 10],
    ['square', tf.square, (x) => x * x, -100, 100],
    ['sin', tf.sin, Math.sin, -10, 10],
    ['cos', tf.cos, Math.cos, -10, 10],
    ['elu', tf.elu, (x) => (x >= 0 ? x : Math.expm1(x)), -5, 5],
  ];

  test.each(functions)('%s is within 4 units in the last place of float64', async (_, run, exact, from, to) => {
    for (const size of [1, 255, 1025]) {
      const x = uniform(size, size).map((value) => from + ((value + 1) / 2) * (to - from));
      const y = await valuesOn('cuda', () => run(tf.tensor1d(x)));
      const ulps = y.map(
        (value, i) => Math.abs(value - exact(x[i]!)) / (2 ** -24 * Math.max(Math.abs(exact(x[i]!)), 1e-3)),
      );
      expect(Math.max(...ulps)).toBeLessThan(8);
    }
  });

  test.each<[string, Unary]>([
    ...UNARY.map((name): [string, Unary] => [name, unary(name)]),
    ['step', (x) => tf.step(x, 0.25)],
    ['clipByValue', (x) => tf.clipByValue(x, -1, 2)],
    ['leakyRelu', (x) => tf.leakyRelu(x, 0.1)],
    ['cast to int32', (x) => tf.cast(x, 'int32')],
    ['cast to bool', (x) => tf.cast(x, 'bool')],
    ['casts to bool, int32 and float32', (x) => tf.cast(tf.cast(tf.cast(x, 'bool'), 'int32'), 'float32')],
  ])('%s treats special values as tfjs-backend-cpu does', async (_, run) => {
    const x = [...SPECIAL.filter((value) => Math.abs(value) !== 1e30), 3e9, -3e9, 1e20];
    await expectSame(() => run(tf.tensor1d(x)), 2e-6);
  });

  test.each(BINARY)('%s treats pairs of special values as tfjs-backend-cpu does', async (name) => {
    const pairs = SPECIAL.flatMap((a) => SPECIAL.map((b) => [a, b] as const));
    await expectSame(
      () => binary(name)(tf.tensor1d(pairs.map(([a]) => a)), tf.tensor1d(pairs.map(([, b]) => b))),
      2e-6,
    );
  });

  test.each(BINARY_OF_INTEGERS)('%s of integers overflows as in an Int32Array', async (name) => {
    const values = [0, 1, -1, 7, -7, 2 ** 31 - 1, -(2 ** 31), 123456789, -987654321];
    const pairs = values.flatMap((a) => values.map((b) => [a, b] as const));
    await expectSame(() => binary(name)(integers(pairs.map(([a]) => a)), integers(pairs.map(([, b]) => b))));
  });

  test('broadcasts any two shapes that fit', async () => {
    const axis = fc.constantFrom([1, 1], [1, 3], [3, 1], [3, 3], [4, 4], [1, 5], [5, 1]);
    await fc.assert(
      fc.asyncProperty(fc.array(axis, { maxLength: 4 }), fc.nat({ max: 4 }), async (axes, skipped) => {
        const a = axes.map(([size]) => size!);
        const b = axes.map(([, size]) => size!).slice(Math.min(skipped, axes.length));
        await expectSame(() => tf.sub(tf.tensor(uniform(sizeOf(a)), a), tf.tensor(uniform(sizeOf(b), 2), b)));
      }),
      { numRuns: 40 },
    );
  });

  test('logical operations, selection and comparison of bools', async () => {
    const a = (): tf.Tensor => tf.tensor1d([1, 0, 1, 0, 1], 'bool');
    const b = (): tf.Tensor => tf.tensor1d([1, 1, 0, 0, 0], 'bool');
    await expectSame(() => tf.logicalAnd(a(), b()));
    await expectSame(() => tf.logicalOr(a(), b()));
    await expectSame(() => tf.logicalNot(a()));
    await expectSame(() => tf.notEqual(a(), b()));
    await expectSame(() => tf.where(a(), tf.range(0, 5), tf.range(5, 10)));
    await expectSame(() => tf.where(a(), tf.range(0, 5, 1, 'int32'), tf.range(5, 10, 1, 'int32')));
    await expectSame(() => tf.where(a(), b(), a()));
    await expectSame(() => tf.addN([tf.range(0, 5), tf.range(1, 6), tf.range(2, 7)]));
  });
});

describe('reductions', () => {
  const shapes: readonly (readonly [shape: number[], axes: number[]])[] = [
    [[1], [0]],
    [[33], [0]],
    [[7, 31], [1]],
    [[7, 257], [1]],
    [[7, 31], [0]],
    [[300, 3], [0]],
    [[3, 5, 7], [1]],
    [
      [3, 5, 7],
      [0, 2],
    ],
    [
      [2, 3, 4, 5],
      [1, 3],
    ],
    [
      [2, 3, 4, 5],
      [0, 1, 2, 3],
    ],
    [[20_001], [0]],
    [[2, 9000], [1]],
    [
      [1, 1],
      [0, 1],
    ],
  ];

  test.each(shapes)('sum, mean, maximum and minimum of %j over %j', async (shape, axes) => {
    const x = uniform(sizeOf(shape), 5);
    for (const keepDims of [false, true]) {
      await expectSame(() => tf.max(tf.tensor(x, shape), axes, keepDims));
      await expectSame(() => tf.min(tf.tensor(x, shape), axes, keepDims));
      await expectSame(() => tf.sum(tf.tensor(x, shape), axes, keepDims), 1e-5 * Math.sqrt(sizeOf(shape)));
      await expectSame(() => tf.mean(tf.tensor(x, shape), axes, keepDims), 1e-6);
    }
    const integers = Int32Array.from(x, (value) => value * 2 ** 31);
    for (const run of [tf.sum, tf.max, tf.min]) await expectSame(() => run(tf.tensor(integers, shape, 'int32'), axes));
  });

  test.each([
    [[1], 0],
    [[7, 33], 1],
    [[5, 300], 1],
    [[9, 4, 3], 1],
  ] as const)('the place of the largest and smallest element of %j along axis %i is the first', async (shape, axis) => {
    const x = uniform(sizeOf(shape), 4).map((value) => Math.round(4 * value)); // many are equal
    await expectSame(() => tf.argMax(tf.tensor(x, [...shape]), axis));
    await expectSame(() => tf.argMin(tf.tensor(x, [...shape]), axis));
    await expectSame(
      () =>
        tf.prod(
          tf.tensor(
            x.map((value) => value / 4 + 1.5),
            [...shape],
          ),
          axis,
        ),
      1e-5,
    );
    await expectSame(() =>
      tf.all(
        tf.tensor(
          x.map((value) => Number(value > -3)),
          [...shape],
          'bool',
        ),
        axis,
      ),
    );
    await expectSame(() =>
      tf.any(
        tf.tensor(
          x.map((value) => Number(value > 3)),
          [...shape],
          'bool',
        ),
        axis,
      ),
    );
  });

  test('NaN is the largest element only at the front, as in tfjs-backend-cpu', async () => {
    for (const at of [0, 3, 40]) {
      const x = uniform(50);
      x[at] = Number.NaN;
      for (const run of [tf.argMax, tf.argMin]) await expectSame(() => run(tf.tensor1d(x)));
    }
    const infinite = [Number.NEGATIVE_INFINITY, Number.NaN, Number.NEGATIVE_INFINITY];
    await expectSame(() => tf.argMax(tf.tensor1d(infinite)));
    await expectSame(() => tf.argMax(tf.tensor1d([Number.NaN, ...infinite])));
  });

  test('sums of segments are those of float64, in the order of the rows, and skip other ids', async () => {
    for (const [rows, columns] of [
      [1, 1],
      [300, 5],
      [513, 300],
    ] as const) {
      const x = uniform(rows * columns, 8);
      const ids = Array.from({ length: rows }, (_, i) => ((i * i) % 9) - 1); // −1 … 7
      const expected = new Float64Array(7 * columns);
      for (const [row, id] of ids.entries()) {
        for (let c = 0; c < columns && id >= 0 && id < 7; c++) expected[id * columns + c]! += x[row * columns + c]!;
      }
      const runs = [];
      for (const order of ORDERS) {
        process.env.EMULATED_CUDA_ORDER = order;
        const run = (): tf.Tensor =>
          tf.unsortedSegmentSum(tf.tensor2d(x, [rows, columns]), integers(ids) as tf.Tensor1D, 7);
        runs.push(await valuesOn('cuda', run));
        expect(expectNear(runs.at(-1)!, [...expected], 1e-5)).toEqual([]);
      }
      expect(runs[0]).toEqual(runs[1]);
    }
  });

  test('a sum is that of float64 to float32 accuracy, and the same bits in both orders', async () => {
    const x = uniform(100_003, 9);
    const exact = x.reduce((a, b) => a + b, 0);
    const sums = [];
    for (const order of ORDERS) {
      process.env.EMULATED_CUDA_ORDER = order;
      sums.push((await valuesOn('cuda', () => tf.sum(tf.tensor1d(x))))[0]!);
    }
    expect(sums[0]).toBe(sums[1]);
    expect(Math.abs(sums[0]! - exact)).toBeLessThan(1e-3);
  });

  test('NaN is the maximum, the minimum and the sum wherever it is', async () => {
    for (const at of [0, 40, 99]) {
      const x = uniform(100);
      x[at] = Number.NaN;
      for (const run of [tf.max, tf.min, tf.sum]) await expectSame(() => run(tf.tensor1d(x)));
    }
  });

  test.each([1, 2, 31, 33, 700])('softmax over %i columns is that of float64', async (columns) => {
    const x = uniform(3 * columns, 3).map((value) => 20 * value);
    for (const order of ORDERS) {
      process.env.EMULATED_CUDA_ORDER = order;
      const y = await valuesOn('cuda', () => tf.softmax(tf.tensor2d(x, [3, columns])));
      for (let row = 0; row < 3; row++) {
        const exponentials = Array.from(x.subarray(row * columns, (row + 1) * columns), Math.exp);
        const sum = exponentials.reduce((a, b) => a + b, 0);
        const expected = exponentials.map((value) => value / sum);
        expect(expectNear(y.slice(row * columns, (row + 1) * columns), expected, 1e-6)).toEqual([]);
      }
    }
  });
});

describe('copies', () => {
  const x =
    (shape: number[], dtype: 'float32' | 'int32' | 'bool' = 'float32') =>
    (): tf.Tensor =>
      tf.tensor(
        Array.from({ length: sizeOf(shape) }, (_, i) => (dtype === 'bool' ? i % 3 === 0 : i)) as number[],
        shape,
        dtype,
      );

  test.each<[string, () => tf.Tensor]>([
    ['a slice along all axes', () => tf.slice(x([4, 5, 6])(), [1, 2, 3], [2, 3, 2])],
    ['an empty slice', () => tf.slice(x([4, 5])(), [1, 2], [0, 3])],
    ['a slice of bools', () => tf.slice(x([4, 5], 'bool')(), [1, 2], [2, 3])],
    ['a slice with steps', () => tf.stridedSlice(x([9, 7])(), [8, 1], [0, 7], [-2, 3])],
    ['a concatenation', () => tf.concat([x([2, 3, 2])(), x([2, 1, 2])(), x([2, 4, 2])()], 1)],
    [
      'a concatenation of integers along the first axis',
      () => tf.concat([x([2, 3], 'int32')(), x([1, 3], 'int32')()], 0),
    ],
    ['a stack', () => tf.stack([x([2, 3])(), x([2, 3])()], -1)],
    ['an unstacked part', () => tf.unstack(x([2, 3, 4])(), 1)[2]!],
    ['a split part', () => tf.split(x([2, 9])(), [2, 3, 4], 1)[1]!],
    [
      'padding',
      () =>
        tf.pad(
          x([2, 3, 4])(),
          [
            [1, 0],
            [0, 2],
            [3, 1],
          ],
          7,
        ),
    ],
    ['padding of bools', () => tf.pad(x([3], 'bool')(), [[1, 2]])],
    ['a transpose', () => tf.transpose(x([3, 5, 7])(), [2, 0, 1])],
    ['a transpose of five axes', () => tf.transpose(x([2, 3, 2, 3, 2])(), [4, 2, 0, 3, 1])],
    ['a repetition', () => tf.tile(x([2, 3])(), [3, 2])],
    ['a repetition of bools', () => tf.tile(x([2, 1], 'bool')(), [1, 5])],
    ['broadcasting', () => tf.broadcastTo(x([3, 1])(), [2, 3, 4])],
    ['a reversal', () => tf.reverse(x([3, 4])(), [0, 1])],
    ['zeros and ones', () => tf.concat([tf.zerosLike(x([3])()), tf.onesLike(x([2])()), tf.fill([2], -1.5)])],
    ['ones of bools', () => tf.onesLike(x([5], 'bool')())],
    ['rows by their numbers', () => tf.gather(x([5, 3])(), tf.tensor1d([4, 0, 4, 2], 'int32'))],
    ['columns by their numbers', () => tf.gather(x([2, 5, 3])(), tf.tensor2d([4, 0], [1, 2], 'int32'), 1)],
    ['rows of batches', () => tf.gather(x([2, 5, 3])(), tf.tensor2d([4, 0, 1, 1], [2, 2], 'int32'), 1, 1)],
    ['one-hot rows', () => tf.oneHot(tf.tensor2d([4, 0, -1, 7], [2, 2], 'int32'), 5)],
    ['one-hot rows of other values', () => tf.oneHot(tf.tensor1d([1, 0], 'int32'), 3, 0.9, -0.25, 'float32')],
    ['bools by their numbers', () => tf.gather(x([5], 'bool')(), tf.tensor1d([3, 0], 'int32'))],
  ])('%s is that of tfjs-backend-cpu', async (_, operation) => {
    await expectSame(operation);
  });

  test('a slice with steps that drops an axis takes the elements of that row, unlike tfjs-backend-cpu', async () => {
    const row = await valuesOn('cuda', () => tf.stridedSlice(x([9, 7])(), [2, 1], [3, 7], [1, 2], 0, 0, 0, 0, 1));
    expect(row).toEqual([15, 17, 19]);
  });

  test('a number of a row that does not exist is an error where the host knows it, and NaN where it does not', async () => {
    await tf.setBackend('cuda');
    tf.tidy(() => {
      const table = x([3, 2])();
      const ids = tf.tensor1d([0, 3], 'int32');
      expect(() => tf.gather(table, ids)).toThrow('GatherV2: the index value 3 is not in [0, 2]');
      const computed = tf.add(ids, tf.tensor1d([0, 0], 'int32'));
      expect([...tf.gather(table, computed as tf.Tensor1D).dataSync()]).toEqual([0, 1, Number.NaN, Number.NaN]);
    });
  });

  test('what has too many axes for a kernel is computed by the host', async () => {
    await tf.setBackend('cuda');
    const shape = [2, 2, 2, 2, 2, 2];
    const expected = await valuesOn('cpu', () => tf.transpose(x(shape)(), [5, 3, 1, 4, 2, 0]));
    expect(await valuesOn('cuda', () => tf.transpose(x(shape)(), [5, 3, 1, 4, 2, 0]))).toEqual(expected);
  });
});
