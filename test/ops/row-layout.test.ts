import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { gatherRows } from '../../src/ops/row-layout.js';

describe('gatherRows', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
  });

  const x = (): tf.Tensor2D => tf.tensor2d([1, 2, 3, 4, 5, 6, 7, 8], [4, 2]);

  it('selects rows in the order of the index', () => {
    expect(gatherRows(x(), Int32Array.of(2, 0)).arraySync()).toEqual([
      [5, 6],
      [1, 2],
    ]);
  });

  it('returns the matrix itself if all rows are selected in order', () => {
    const all = x();
    expect(gatherRows(all, Int32Array.of(0, 1, 2, 3))).toBe(all);
  });

  it('passes gradients to the selected rows and zeros to the others', () => {
    const weights = tf.tensor2d([10, 20, 30, 40], [2, 2]);
    const gradient = tf.grad((input) => tf.sum(tf.mul(gatherRows(input as tf.Tensor2D, Int32Array.of(3, 1)), weights)));
    expect(gradient(x()).arraySync()).toEqual([
      [0, 0],
      [30, 40],
      [0, 0],
      [10, 20],
    ]);
  });

  it('leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      tf.grad((input) => tf.sum(gatherRows(input as tf.Tensor2D, Int32Array.of(1))))(x());
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});
