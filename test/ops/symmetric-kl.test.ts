import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { symmetricKl } from '../../src/ops/symmetric-kl.js';

beforeAll(() => tf.setBackend('cpu'));

// Two rows of three classes: p of both, then q of both.
const LOGITS = [
  [0.5, -1, 2],
  [3, 0, -2],
  [0.1, -0.5, 1.5],
  [-1, 2, 0.5],
];
/** The incoming gradient of each row's divergence. */
const WEIGHTS = [1, -0.5];

/** In float64, by the definition of the Kullback-Leibler divergence. */
function reference(logits: readonly (readonly number[])[]): number[] {
  const predictions = logits.map((row) => {
    const sum = row.reduce((total, z) => total + Math.exp(z), 0);
    return row.map((z) => Math.exp(z) / sum);
  });
  const divergence = (p: readonly number[], q: readonly number[]): number =>
    p.reduce((total, value, v) => total + value * Math.log(value / q[v]!), 0);
  const [p0, p1, q0, q1] = predictions as [number[], number[], number[], number[]];
  return [(divergence(p0, q0) + divergence(q0, p0)) / 2, (divergence(p1, q1) + divergence(q1, p1)) / 2];
}

function evaluate(logits: readonly (readonly number[])[]): { value: number[]; gradient: number[] } {
  const input = tf.tensor2d(logits as number[][]);
  const weighted = tf.valueAndGrad((x) => tf.sum(tf.mul(symmetricKl(x as tf.Tensor2D), tf.tensor1d(WEIGHTS))));
  return { value: [...symmetricKl(input).dataSync()], gradient: [...weighted(input).grad.dataSync()] };
}

describe('symmetricKl', () => {
  it('is half the sum of the two divergences of each pair of rows', () => {
    const expected = reference(LOGITS);
    evaluate(LOGITS).value.forEach((value, row) => {
      expect(value).toBeCloseTo(expected[row]!, 5);
    });
  });

  it('has the gradient of float64 differences', () => {
    const { gradient } = evaluate(LOGITS);
    const h = 1e-6;
    for (const [row, logits] of LOGITS.entries()) {
      for (const v of logits.keys()) {
        const moved = (by: number): number => {
          const changed = LOGITS.map((values, r) => values.map((z, c) => (r === row && c === v ? z + by : z)));
          return reference(changed).reduce((sum, value, pair) => sum + value * WEIGHTS[pair]!, 0);
        };
        expect(gradient[row * 3 + v]).toBeCloseTo((moved(h) - moved(-h)) / (2 * h), 5);
      }
    }
  });

  it('is 0, with gradient 0, for equal rows', () => {
    const { value, gradient } = evaluate([LOGITS[0]!, LOGITS[1]!, LOGITS[0]!, LOGITS[1]!]);
    expect(value).toEqual([0, 0]);
    expect(Math.max(...gradient.map(Math.abs))).toBe(0);
  });

  it('leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => void evaluate(LOGITS));
    expect(tf.memory().numTensors).toBe(before);
  });
});
