import * as tf from '@tensorflow/tfjs';
import { endProfile, type Profile, registerOneDnnBackend, squaredNorm, startProfile } from 'tfjs-backend-onednn';
import { beforeAll, describe, expect, test } from 'vitest';
import { crossAttention, selfAttention } from '../../../src/ops/attention.js';
import { linear } from '../../../src/ops/linear.js';
import { type RowLayout, tokenLayout } from '../../../src/ops/row-layout.js';
import { classifierScores } from '../../../src/ops/row-scores.js';

registerOneDnnBackend();

beforeAll(async () => {
  await tf.setBackend('onednn');
});

function profile(work: () => tf.Tensor | undefined): Profile {
  startProfile();
  tf.tidy(() => void work());
  return endProfile();
}

const named = ({ kernels }: Profile, name: string) => kernels.find((kernel) => kernel.name === name);

/** The gradient of Σ f. */
const differentiate = (f: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor): tf.Tensor => tf.grad((y) => tf.sum(f(y)))(x);

/** Rows of sequences of these lengths. */
function sequences(lengths: readonly number[]): RowLayout {
  const time = Math.max(...lengths);
  const ids = lengths.flatMap((length) => Array.from({ length: time }, (_, at) => (at < length ? 0 : PADDING)));
  return tokenLayout(Int32Array.from(ids), [lengths.length, time], PADDING);
}

const PADDING = 1;
const ATTENTION = { heads: 2, causal: false, dropout: null };

describe('a profile', () => {
  test('counts calls and time, the slowest first, and nothing before or after it', () => {
    linear(tf.zeros([2, 3]), tf.zeros([4, 3]), tf.zeros([4])).dispose();
    const result = profile(() => {
      linear(tf.zeros([2, 3]), tf.zeros([4, 3]), tf.zeros([4]));
      return linear(tf.zeros([2, 3]), tf.zeros([4, 3]), tf.zeros([4]));
    });
    expect(named(result, 'FusedLinear')!.calls).toBe(2);
    const times = result.kernels.map(({ milliseconds }) => milliseconds);
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect(times.reduce((sum, time) => sum + time, 0)).toBeLessThanOrEqual(result.milliseconds);
    expect(profile(() => undefined).kernels).toEqual([]);
  });

  test('marks kernels that ran in JavaScript, even if only this case has no native code', () => {
    const result = profile(() => {
      tf.atan2(tf.ones([3]), tf.ones([3]));
      tf.sum(tf.ones([2, 3, 4]), 1);
      return tf.sum(tf.ones([2, 3]));
    });
    expect(named(result, 'Atan2 (JavaScript)')!.calls).toBe(1);
    expect(named(result, 'Sum (JavaScript)')!.calls).toBe(1);
    expect(named(result, 'Sum')!.calls).toBe(1);
  });

  test('includes the operations on arenas', () => {
    const result = profile(() => void squaredNorm(new Float32Array(100)));
    expect(named(result, 'SquaredNorm')).toMatchObject({ calls: 1, flops: 0 });
  });

  test('reports the pool and the cached primitives', () => {
    const width = 512;
    const product = () => linear(tf.zeros([256, width]), tf.zeros([width, width]), tf.zeros([width]));
    const first = profile(product);
    expect(first.cachedPrimitives).toBeGreaterThanOrEqual(0); // our own products need none
    expect(profile(product).cachedPrimitives).toBe(first.cachedPrimitives);
    expect(first.pool.mostInUse).toBeGreaterThanOrEqual(4 * 256 * width);
    expect(first.pool.reserved).toBeGreaterThanOrEqual(first.pool.mostInUse);
  });

  test('must be started before it ends', () => {
    expect(() => endProfile()).toThrow('endProfile() without startProfile()');
  });
});

describe('floating-point operations of', () => {
  const cases = [
    {
      kernel: 'FusedLinear',
      forward: 2 * 6 * 3 * 4,
      run: () => differentiate((x) => linear(x, tf.ones([4, 3]), tf.ones([4])), tf.ones([2, 3, 3])),
    },
    {
      kernel: 'FusedSelfAttention', // 2 products of [5, 5, embed] and of [2, 2, embed]
      forward: 2 * 2 * 8 * (5 * 5 + 2 * 2),
      run: () => {
        const layout = sequences([5, 2]);
        return differentiate((x) => selfAttention(x as tf.Tensor2D, layout, ATTENTION), tf.ones([7, 24]));
      },
    },
    {
      kernel: 'FusedCrossAttention', // [target, source, embed]
      forward: 2 * 2 * 8 * (3 * 5 + 1 * 2),
      run: () => {
        const [target, source] = [sequences([3, 1]), sequences([5, 2])];
        const attend = (x: tf.Tensor) => crossAttention(x as tf.Tensor2D, target, tf.ones([7, 16]), source, ATTENTION);
        return differentiate(attend, tf.ones([4, 8]));
      },
    },
    {
      kernel: 'ClassifierStatistics',
      forward: 2 * 7 * 4 * 11,
      run: () =>
        differentiate(
          (x) =>
            classifierScores(
              { features: x as tf.Tensor2D, weights: tf.ones([11, 4]) },
              tf.zeros([7], 'int32'),
            ).statistics().targetLogProb,
          tf.ones([7, 4]),
        ),
    },
  ];
  test.each(cases)(
    '$kernel are those of its products, and twice as many for its gradient',
    ({ kernel, forward, run }) => {
      const result = profile(run);
      expect(named(result, kernel)!.flops).toBe(forward);
      expect(named(result, `${kernel}Grad`)!.flops).toBe(2 * forward);
    },
  );

  test.each([
    { a: [3, 4], b: [4, 5], transposeB: false, flops: 2 * 3 * 4 * 5 },
    { a: [3, 4], b: [5, 4], transposeB: true, flops: 2 * 3 * 4 * 5 },
    { a: [6, 3, 4], b: [4, 5], transposeB: false, flops: 6 * 2 * 3 * 4 * 5 },
    { a: [2, 1, 3, 4], b: [7, 4, 5], transposeB: false, flops: 14 * 2 * 3 * 4 * 5 },
  ])('BatchMatMul of $a and $b are $flops', ({ a, b, transposeB, flops }) => {
    expect(
      named(
        profile(() => tf.matMul(tf.ones(a), tf.ones(b), false, transposeB)),
        'BatchMatMul',
      )!.flops,
    ).toBe(flops);
  });
});
