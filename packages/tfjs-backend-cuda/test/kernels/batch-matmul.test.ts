import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { isOwnProduct } from '../../src/kernels/batch-matmul.js';
import { cuda, expectAgreement, floats } from './compare.js';

describe('matMul on the device', () => {
  test.each([
    { a: [5, 7], b: [7, 3], transposeA: false, transposeB: false },
    { a: [7, 5], b: [3, 7], transposeA: true, transposeB: true },
    { a: [4, 5, 7], b: [4, 3, 7], transposeA: false, transposeB: true },
    { a: [2, 3, 7, 5], b: [2, 3, 7, 4], transposeA: true, transposeB: false },
  ])('of $a and $b agrees with the host, values and gradients', async ({ a, b, transposeA, transposeB }) => {
    await expectAgreement({ a: floats(a, 1), b: floats(b, 2) }, (tensors) =>
      tf.matMul(tensors.a!, tensors.b!, transposeA, transposeB),
    );
  });

  test.each([
    { a: [2, 1, 3, 4], b: [5, 4, 2] },
    { a: [2, 5, 3, 4], b: [1, 1, 4, 2] },
  ])('broadcasts batches of $a and $b', async (shapes) => {
    await tf.setBackend('cuda');
    tf.tidy(() => {
      const [a, b] = [tf.randomUniform(shapes.a), tf.randomUniform(shapes.b)];
      const y = tf.matMul(a, b).arraySync() as number[][][][];
      for (let i = 0; i < 2; i++) {
        for (let j = 0; j < 5; j++) {
          const [firsts, seconds] = [tf.broadcastTo(a, [2, 5, 3, 4]), tf.broadcastTo(b, [2, 5, 4, 2])];
          const [first, second] = [tf.slice(firsts, [i, j], [1, 1]), tf.slice(seconds, [i, j], [1, 1])];
          const matrix = tf.matMul(tf.reshape(first, [3, 4]), tf.reshape(second, [4, 2])).arraySync();
          expect(y[i]![j]).toEqual(matrix);
        }
      }
    });
  });

  test.each(['linear', 'relu'] as const)('finishes a fused product with a bias and %s', async (activation) => {
    const inputs = { a: floats([6, 9], 1), b: floats([9, 10], 2), bias: floats([10], 3) };
    await expectAgreement(inputs, ({ a, b, bias }) =>
      tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias: bias!, activation }),
    );
  });

  test.each<[string, number[], number[], boolean, boolean]>([
    ['the most rows of a grid', [8_388_480, 2], [2, 3], false, true],
    ['more rows than a grid has', [8_388_481, 2], [2, 3], false, false],
    ['more rows than a grid has, transposed', [2, 8_388_481], [2, 3], true, false],
    ['a result of 2^31 elements', [2 ** 16, 1], [1, 2 ** 15], false, false],
    ['an operand of 2^31 elements', [2 ** 16, 2 ** 15], [2 ** 15, 1], false, false],
  ])('%s: [%j] times [%j]', (_, a, b, transposeA, isOwn) => {
    const info = (shape: number[]): tf.TensorInfo => ({ dataId: {}, shape, dtype: 'float32' });
    expect(isOwnProduct(info(a), info(b), { transposeA, transposeB: false })).toBe(isOwn);
  });

  test('leaves other products to the host', async () => {
    await tf.setBackend('cuda');
    const borrowed = (): number => cuda().statistics.borrowed.get('_FusedMatMul') ?? 0;
    const before = borrowed();
    tf.tidy(() => {
      const [a, b] = [tf.ones<tf.Rank.R2>([2, 3]), tf.ones<tf.Rank.R2>([3, 2])];
      expect([...tf.fused.matMul({ a, b, activation: 'elu' }).dataSync()]).toEqual([3, 3, 3, 3]);
      expect(tf.matMul(tf.zeros([0, 3]), b).shape).toEqual([0, 2]);
    });
    expect(borrowed()).toBe(before + 1);
  });
});
