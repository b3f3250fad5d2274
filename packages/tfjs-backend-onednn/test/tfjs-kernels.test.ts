import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { difference, expectAgreement, floats, integers, uniform } from './compare.js';

describe('products', () => {
  test.each([
    { a: [5, 7], b: [7, 3], transposeA: false, transposeB: false },
    { a: [7, 5], b: [3, 7], transposeA: true, transposeB: true },
    { a: [4, 5, 7], b: [4, 3, 7], transposeA: false, transposeB: true },
    { a: [2, 3, 7, 5], b: [2, 3, 7, 4], transposeA: true, transposeB: false },
    { a: [65, 130], b: [130, 40], transposeA: false, transposeB: false },
  ])('agree with plain JavaScript: %o', async ({ a, b, transposeA, transposeB }) => {
    await expectAgreement({ a: floats(a, 1), b: floats(b, 2) }, (t) => tf.matMul(t.a!, t.b!, transposeA, transposeB));
  });

  test.each([
    { a: [6, 5, 7], b: [1, 7, 3] },
    { a: [1, 5, 7], b: [4, 7, 3] },
  ])('broadcast batches: %o', async ({ a, b }) => {
    const results = [];
    for (const backend of ['onednn', 'cpu']) {
      await tf.setBackend(backend);
      const product = tf.tidy(() => tf.matMul(tf.tensor(uniform(a, 1), a), tf.tensor(uniform(b, 2), b)).dataSync());
      results.push(product);
    }
    expect(difference(results[0]!, results[1]!)).toBeLessThan(1e-6);
  });

  test.each(['relu', 'linear', 'sigmoid'] as const)('with a bias and activation %s agree', async (activation) => {
    const inputs = { a: floats([6, 5], 1), b: floats([5, 9], 2), bias: floats([9], 3) };
    await expectAgreement(inputs, ({ a, b, bias }) =>
      tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias, activation }),
    );
  });
});

describe('element by element', () => {
  const operations = { add: tf.add, sub: tf.sub, mul: tf.mul, div: tf.div };
  const shapes = [
    { a: [3, 5], b: [3, 5] },
    { a: [3, 5], b: [5] },
    { a: [3, 5], b: [3, 1] },
    { a: [], b: [4, 5] },
    { a: [2, 3, 4], b: [] },
    { a: [2, 1, 4], b: [1, 3, 1] },
    { a: [1, 3], b: [2, 1] },
    { a: [70, 300], b: [70, 300] },
  ];
  test.each(shapes)('$a and $b agree with plain JavaScript', async ({ a, b }) => {
    const inputs = { a: floats(a, 1), b: floats(b, 2) };
    for (const operation of Object.values(operations)) {
      await expectAgreement(inputs, (t) => operation(t.a!, tf.add(t.b!, 3)));
    }
  });

  test('integers keep their type', async () => {
    await tf.setBackend('onednn');
    const sum = tf.tidy(() => tf.add(tf.tensor1d([1, 2], 'int32'), tf.tensor1d([3, 4], 'int32')));
    expect([sum.dtype, ...sum.dataSync()]).toEqual(['int32', 4, 6]);
    sum.dispose();
  });

  test('a cast integer, which shares its storage, is read as a float', async () => {
    await tf.setBackend('onednn');
    const values = tf.tidy(() =>
      tf.mul(tf.cast(tf.tensor1d([1, 2, 3], 'int32'), 'float32'), tf.scalar(0.5)).dataSync(),
    );
    expect([...values]).toEqual([0.5, 1, 1.5]);
  });
});

describe('softmax', () => {
  test.each([
    [3, 1],
    [4, 5],
    [2, 3, 37],
    [5, 3000],
  ])('of shape %j agrees with plain JavaScript', async (...shape) => {
    const inputs = { x: floats(shape, 1) };
    await expectAgreement(inputs, ({ x }) => tf.softmax(tf.mul(x!, 20)));
    await expectAgreement(inputs, ({ x }) => tf.logSoftmax(tf.mul(x!, 20)));
  });

  test('gives −∞ the weight 0', async () => {
    await tf.setBackend('onednn');
    const weights = tf.tidy(() => tf.softmax(tf.tensor1d([0, -Infinity, -1000, 0])).dataSync());
    expect([...weights]).toEqual([0.5, 0, 0, 0.5]);
  });
});

test('the kernel LogSoftmax keeps the digits of log p for p close to 1', async () => {
  await tf.setBackend('onednn');
  const logProb = tf.tidy(() => {
    const logits = tf.tensor1d([20, 0]);
    return (tf.engine().runKernel('LogSoftmax', { logits }, { axis: -1 }) as tf.Tensor).dataSync();
  });
  expect(logProb[0]! / -Math.log1p(Math.exp(-20))).toBeCloseTo(1, 5);
});

describe('sums', () => {
  test.each([
    { shape: [4, 5], axis: undefined },
    { shape: [4, 5], axis: 0 },
    { shape: [4, 5], axis: 1 },
    { shape: [2, 3, 4], axis: [0, 1] },
    { shape: [2, 3, 4], axis: [1, 2] },
    { shape: [2, 3, 4], axis: [0, 2] },
    { shape: [2, 3, 4], axis: 1 },
    { shape: [300, 70], axis: 0 },
    { shape: [], axis: undefined },
  ])('of shape $shape over $axis agree with plain JavaScript', async ({ shape, axis }) => {
    for (const keepDims of [false, true]) {
      await expectAgreement({ x: floats(shape, 1) }, ({ x }) => tf.sum(x!, axis, keepDims));
    }
  });
});

describe('gather and its gradient', () => {
  test.each([
    { x: [5, 3], indices: integers([4], [4, 0, 0, 2]), axis: 0 },
    { x: [2, 5, 3], indices: integers([2, 2], [4, 0, 1, 2]), axis: 1 },
    { x: [2, 5], indices: integers([3], [4, 0, 1]), axis: 1 },
  ])('of shape $x along axis $axis agree with plain JavaScript', async ({ x, indices, axis }) => {
    await expectAgreement({ x: floats(x, 1), indices }, (t) => tf.gather(t.x!, t.indices!, axis));
  });

  test('take rows of each batch', async () => {
    await tf.setBackend('onednn');
    const rows = tf.tidy(() => {
      const x = tf.tensor2d(
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        [2, 3],
        'int32',
      );
      return tf
        .gather(
          x,
          tf.tensor2d(
            [
              [2, 0],
              [1, 1],
            ],
            [2, 2],
            'int32',
          ),
          1,
          1,
        )
        .dataSync();
    });
    expect([...rows]).toEqual([3, 1, 5, 5]);
  });

  test('name an index out of range', async () => {
    await tf.setBackend('onednn');
    tf.tidy(() => {
      const run = (): tf.Tensor => tf.gather(tf.zeros([3, 2]), tf.tensor1d([0, 3], 'int32'));
      expect(run).toThrow('the index value 3 is not in [0, 2]');
    });
  });

  test('segment sums skip negative ids', async () => {
    await tf.setBackend('onednn');
    const sums = tf.tidy(() =>
      tf
        .unsortedSegmentSum(
          tf.tensor2d([
            [1, 2],
            [3, 4],
            [5, 6],
          ]),
          tf.tensor1d([1, -1, 1], 'int32'),
          3,
        )
        .dataSync(),
    );
    expect([...sums]).toEqual([0, 0, 6, 8, 0, 0]);
  });
});

describe('movements', () => {
  test.each([
    { shape: [3, 5], perm: [1, 0] },
    { shape: [2, 3, 4, 5], perm: [0, 2, 1, 3] },
    { shape: [2, 3, 4, 5], perm: [3, 1, 0, 2] },
    { shape: [2, 3, 4], perm: [0, 1, 2] },
    { shape: [70, 3, 45], perm: [2, 0, 1] },
    { shape: [1, 1], perm: [1, 0] },
  ])('transpose of $shape by $perm agrees with plain JavaScript', async ({ shape, perm }) => {
    await expectAgreement({ x: floats(shape, 1) }, ({ x }) => tf.transpose(x!, perm), 1e-7);
  });

  test.each([
    { begin: [1, 0], size: [2, 5] },
    { begin: [0, 2], size: [4, 3] },
    { begin: [1, 2], size: [2, 2] },
    { begin: [0, 0], size: [4, 5] },
  ])('slice $begin $size agrees with plain JavaScript', async ({ begin, size }) => {
    await expectAgreement({ x: floats([4, 5], 1) }, ({ x }) => tf.slice(x!, begin, size), 1e-7);
  });

  test.each([0, 1, 2])('split and concatenation along axis %d agree with plain JavaScript', async (axis) => {
    const inputs = { a: floats([2, 4, 6], 1), b: floats([2, 4, 6], 2) };
    await expectAgreement(
      inputs,
      ({ a, b }) => {
        const [first, second] = tf.split(a!, 2, axis) as [tf.Tensor, tf.Tensor];
        return tf.concat([second, b!, first], axis);
      },
      1e-7,
    );
  });
});

describe('top k', () => {
  test.each([
    { rows: 1, columns: 3, k: 3 },
    { rows: 7, columns: 500, k: 10 },
    { rows: 3, columns: 64, k: 1 },
  ])('of %o agrees with plain JavaScript', async ({ rows, columns, k }) => {
    const x = uniform([rows, columns], 5);
    const results = [];
    for (const backend of ['onednn', 'cpu']) {
      await tf.setBackend(backend);
      results.push(
        tf.tidy(() => {
          const { values, indices } = tf.topk(tf.tensor(x, [rows, columns]), k);
          return { values: [...values.dataSync()], indices: [...indices.dataSync()] };
        }),
      );
    }
    expect(results[0]).toEqual(results[1]);
  });

  test('orders equals by index', async () => {
    await tf.setBackend('onednn');
    const indices = tf.tidy(() => tf.topk(tf.tensor1d([2, 7, -Infinity, 7, 2, 7, 2]), 5).indices.dataSync());
    expect([...indices]).toEqual([1, 3, 5, 0, 4]);
  });
});

test('every kernel of the JavaScript backend is registered', () => {
  const names = (backend: string): string[] => tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName);
  expect(names('onednn')).toEqual(expect.arrayContaining(names('cpu')));
});

test('operations without native code also work', async () => {
  await expectAgreement({ x: floats([3, 4], 1) }, ({ x }) => tf.tanh(tf.cumsum(tf.reverse(x!, 1), 1)));
  await tf.setBackend('onednn');
  const mean = tf.tidy(() =>
    tf
      .mean(
        tf.tensor2d([
          [1, 2],
          [3, 5],
        ]),
        1,
      )
      .dataSync(),
  );
  expect(difference(mean, [1.5, 4])).toBe(0);
});
