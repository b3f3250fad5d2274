import * as tf from '@tensorflow/tfjs';
import { collectGradients } from 'tfjs-backend-onednn';
import { describe, expect, test } from 'vitest';
import type { ClassFunction } from '../../../src/ops/class-function.js';
import { classifierScores } from '../../../src/ops/row-scores.js';
import { addon } from '../src/addon.js';
import type { OneDnnBackend } from '../src/backend.js';
import { difference, evaluate, expectAgreement, floats, type Input, integers } from './compare.js';

const log = { family: 'log', logEnd: 1, clamp: 1e-5, scale: 1, start: 0, abrupt: 0 } as const;
const FUNCTIONS: { title: string; sums: ClassFunction[] }[] = [
  { title: 'no sums', sums: [] },
  { title: 'log(1 − p)', sums: [log] },
  { title: 'log with a linear end', sums: [{ ...log, logEnd: 0.75 }] },
  {
    title: 'log of a scaled p with a start and an abrupt end',
    sums: [{ ...log, scale: 0.9, start: 0.1, abrupt: 0.8 }],
  },
  { title: 'a power', sums: [{ family: 'power', exponent: 2, start: 0, abrupt: 0 }] },
  { title: 'a fractional power with a start', sums: [{ family: 'power', exponent: 0.5, start: 0.05, abrupt: 0 }] },
  { title: 'cosine', sums: [{ family: 'cosine', abrupt: 0 }] },
  {
    title: 'three at once',
    sums: [log, { family: 'power', exponent: 3, start: 0, abrupt: 0.9 }, { family: 'cosine', abrupt: 0.7 }],
  },
];

/** All statistics of a row as one table [rows, 2 + sums], so that every output has its own gradient. */
function statisticsTable(sums: readonly ClassFunction[]) {
  return ({ features, weights, targets }: Record<string, tf.Tensor>): tf.Tensor => {
    const scores = classifierScores(
      { features: features as tf.Tensor2D, weights: weights as tf.Tensor2D },
      targets as tf.Tensor1D,
    );
    const { targetLogProb, meanLogProb, sums: values } = scores.statistics(sums);
    return tf.stack([targetLogProb, meanLogProb, ...values], 1);
  };
}

function inputs(rows: number, embed: number, classes: number, spread: number): Record<string, Input> {
  const features = floats([rows, embed], 1);
  const weights = floats([classes, embed], 2);
  weights.values.forEach((weight, index) => {
    weights.values[index] = weight * spread;
  });
  return {
    features,
    weights,
    targets: integers(
      [rows],
      Array.from({ length: rows }, (_, row) => (row * 7) % classes),
    ),
  };
}

describe.each(FUNCTIONS)('classifier statistics with $title', ({ sums }) => {
  test.each([
    { rows: 1, embed: 1, classes: 2, spread: 1 },
    { rows: 5, embed: 8, classes: 13, spread: 1 },
    { rows: 61, embed: 24, classes: 517, spread: 0.2 },
    { rows: 9, embed: 16, classes: 300, spread: 3 },
  ])('agree with plain operations: %o', async ({ rows, embed, classes, spread }) => {
    await expectAgreement(inputs(rows, embed, classes, spread), statisticsTable(sums), 5e-5);
  });
});

const power = { family: 'power', exponent: 2, start: 0, abrupt: 0 } as const;

/** Every statistic of several calls on the same scores, as one table. `unused` calls come before the table. */
function tableOfCalls(calls: readonly (readonly ClassFunction[])[], unused = 0) {
  return ({ features, weights, targets }: Record<string, tf.Tensor>): tf.Tensor => {
    const scores = classifierScores(
      { features: features as tf.Tensor2D, weights: weights as tf.Tensor2D },
      targets as tf.Tensor1D,
    );
    const results = calls.map((sums) => scores.statistics(sums));
    for (let call = 0; call < unused; call++) scores.statistics([power]);
    return tf.stack(
      results.flatMap(({ targetLogProb, meanLogProb, sums }) => [targetLogProb, meanLogProb, ...sums]),
      1,
    );
  };
}

describe('calls on the same scores', () => {
  test.each([
    { title: 'with other sums', calls: [[log], [power]], unused: 0 },
    { title: 'with more sums', calls: [[], [log]], unused: 0 },
    { title: 'with fewer sums', calls: [[log, power], [power]], unused: 0 },
    { title: 'with the same sums', calls: [[log], [log]], unused: 0 },
    { title: 'of which some get no gradient', calls: [[log]], unused: 2 },
  ])('$title get their own gradients', async ({ calls, unused }) => {
    await expectAgreement(inputs(9, 16, 300, 3), tableOfCalls(calls, unused), 5e-5);
  });

  test('together keep at most as much for the backward pass as one call may, and nothing after it', async () => {
    await tf.setBackend('onednn');
    const backend = tf.backend() as unknown as OneDnnBackend;
    const { inUse } = backend.poolBytes;
    const [rows, classes] = [2048, 20_000]; // 156 MiB of exponentials
    const kept: number[] = [];
    tf.tidy(() => {
      const features = tf.zeros([rows, 1]) as tf.Tensor2D;
      const scores = classifierScores({ features, weights: tf.zeros([classes, 1]) }, tf.zeros([rows], 'int32'));
      collectGradients([], () =>
        tf.grad(() => {
          const sums = [1, 2, 3].map(() => {
            const { targetLogProb } = scores.statistics();
            kept.push(backend.keptBytes / 2 ** 20);
            return targetLogProb;
          });
          return tf.sum(tf.addN(sums));
        })(features),
      );
    });
    expect(kept[0]).toBeGreaterThan(150);
    expect(kept[2]).toBeGreaterThan(kept[0]!);
    expect(kept[2]).toBeLessThanOrEqual(256);
    expect(backend.keptBytes).toBe(0);
    expect(backend.poolBytes.inUse).toBe(inUse);
  });

  test('free what they keep if no backward pass reads it', async () => {
    await tf.setBackend('onednn');
    const backend = tf.backend() as unknown as OneDnnBackend;
    const { inUse } = backend.poolBytes;
    let kept = 0;
    tf.tidy(() => {
      const features = tf.zeros([300, 8]) as tf.Tensor2D;
      const scores = classifierScores({ features, weights: tf.zeros([2000, 8]) }, tf.zeros([300], 'int32'));
      collectGradients([], () =>
        tf.grad((x) => {
          scores.statistics(); // only for the log, not for the loss
          kept = backend.keptBytes;
          return tf.sum(tf.square(x));
        })(features),
      );
    });
    expect(kept).toBeGreaterThan(4 * 300 * 2000);
    expect(backend.keptBytes).toBe(0);
    expect(backend.poolBytes.inUse).toBe(inUse);
  });
});

/**
 * Float32 logits of 8192 classes. 32 classes have p just below 1/64, where the series of the add-on ends, and share
 * half of the probability. Each block of 256 that contains any contains `inBlock` of them.
 */
function logitsAtTheEndOfTheSeries(inBlock: number): Float32Array {
  const logits = new Float32Array(8192);
  for (let heavy = 0; heavy < 32; heavy++) {
    const [block, place] = [Math.floor(heavy / inBlock), heavy % inBlock];
    logits[256 * block + 100 * place + 3] = Math.log(8160 / 33) + 1e-4 * heavy;
  }
  return logits;
}

/** Σ_v log(1 − s·p_v) and its gradient by the logits, in float64. */
function logSumInFloat64(logits: Float32Array, s: number): { value: number; gradient: number[]; p: number[] } {
  const exponentials = Array.from(logits, Math.exp);
  const total = exponentials.reduce((sum, e) => sum + e, 0);
  const p = exponentials.map((e) => e / total);
  const h = p.map((x) => (-s * x) / (1 - s * x)); // p · f′(p)
  const sum = h.reduce((left, right) => left + right, 0);
  const value = p.reduce((left, x) => left + Math.log1p(-s * x), 0);
  return { value, gradient: p.map((x, v) => h[v]! - x * sum), p };
}

const largest = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), 0);

describe('log(1 − p) of probabilities just below 1/64', () => {
  const cases = [1, 2].flatMap((inBlock) =>
    [1, 0.9].flatMap((factor) => [
      { inBlock, factor, others: [] },
      { inBlock, factor, others: [power] },
    ]),
  );
  // Without x⁴, the last term of the gradient's series, gradients and their differences have a relative error of 2e-4.
  test.each(cases)('has the gradients of float64: %o', async ({ inBlock, factor, others }) => {
    await tf.setBackend('onednn');
    const logits = logitsAtTheEndOfTheSeries(inBlock);
    const expected = logSumInFloat64(logits, factor);
    const [value, gradient] = tf.tidy(() => {
      const features = tf.ones([1, 1]) as tf.Tensor2D;
      const sumOf = (weights: tf.Tensor): tf.Scalar => {
        const scores = classifierScores({ features, weights: weights as tf.Tensor2D }, tf.tensor1d([5], 'int32'));
        return tf.sum(scores.statistics([{ ...log, scale: factor }, ...others]).sums[0]!);
      };
      const weights = tf.tensor2d(logits, [logits.length, 1]);
      return [sumOf(weights).dataSync()[0]!, Array.from(tf.grad(sumOf)(weights).dataSync())];
    });
    expect(Math.abs(value / expected.value - 1)).toBeLessThan(8e-6);
    // g_v = p · f′(p) − p · Σ: the sum cancels in differences of g_v / p.
    const slopes = (of: readonly number[]): number[] => of.map((g, v) => g / expected.p[v]! - of[0]! / expected.p[0]!);
    const [ours, theirs] = [slopes(gradient), slopes(expected.gradient)];
    const heavy = Array.from(logits.keys()).filter((v) => logits[v]! > 0);
    expect(largest(heavy.map((v) => Math.abs(ours[v]! / theirs[v]! - 1)))).toBeLessThan(6e-5);
    if (inBlock > 1) return; // the rounding of a sum over all classes hides the term
    expect(largest(expected.gradient.map((g, v) => Math.abs(gradient[v]! / g - 1)))).toBeLessThan(1.2e-4);
  });
});

/** log p and 1 − p in float64 of the first of two classes whose scores differ by `gap`. */
const certain = (gap: number): { logProb: number; rest: number } => {
  const rest = Math.exp(-gap) / (1 + Math.exp(-gap));
  return { logProb: Math.log1p(-rest), rest };
};

describe('a target that is almost certain', () => {
  test.each([2, 8, 15, 30, 60])('has log p and gradients with all their digits with a lead of %d', async (gap) => {
    const { logProb, rest } = certain(gap);
    const table = statisticsTable([{ ...log, clamp: 1e-38 }]);
    const row = {
      features: { shape: [1, 1], values: Float32Array.of(1) },
      weights: { shape: [2, 1], values: Float32Array.of(gap, 0) },
      targets: integers([1], [0]),
    };
    const { value } = await evaluate('onednn', row, table);
    expect(value[0]! / logProb).toBeCloseTo(1, 5);
    expect(value[2]! / (Math.log(rest) + Math.log1p(-rest))).toBeCloseTo(1, 5);
    // ∂ log p / ∂z of the target = 1 − p, of the other class −(1 − p)
    const { gradients } = await evaluate('onednn', row, (tensors) => tf.slice(table(tensors), [0, 0], [1, 1]));
    const sign = gradients[1]![0]! > 0 ? 1 : -1;
    const weight = (sign * Math.abs(gradients[1]![0]!)) / rest;
    expect(gradients[1]![1]! / (-weight * rest)).toBeCloseTo(1, 5);
    expect(gradients[0]![0]! / (weight * rest * gap)).toBeCloseTo(1, 4);
  });
});

test('statistics are the same bits in every run and do not depend on the chunk of a row', async () => {
  const sums = [log];
  const all = inputs(500, 16, 9000, 0.3);
  const first = await evaluate('onednn', all, statisticsTable(sums));
  const second = await evaluate('onednn', all, statisticsTable(sums));
  expect(second).toEqual(first);
  const part = { ...all, features: { shape: [20, 16], values: all.features!.values.slice(480 * 16) } };
  const tail = await evaluate(
    'onednn',
    { ...part, targets: integers([20], all.targets!.values.slice(480)) },
    statisticsTable(sums),
  );
  expect(difference(tail.value, first.value.slice(480 * 3))).toBeLessThan(1e-6);
});

test.each([1, 2, 3])('gradients are the same bits if %d of 3 chunks keep their exponentials', (keptChunks) => {
  const [rows, embed, classes, chunk] = [300, 16, 700, 128];
  const values = (shape: number[], seed: number) => floats(shape, seed).values as Float32Array;
  const [features, weights, dRow] = [values([rows, embed], 1), values([classes, embed], 2), values([rows], 3)];
  const targets = Int32Array.from({ length: rows }, (_, row) => (row * 7) % classes);
  const functions = Float64Array.of(0, 0.75, 1e-5, 1, 0, 0, 0, Infinity); // log(1 − p), ended at 0.75
  const gradientsWith = (kept: Float32Array[]): Float32Array[] => {
    const operands = { features, weights, targets, functions, kept };
    const shape = { rows, embed, classes, functionCount: 1, chunk };
    const [row, predictions] = [new Float32Array(rows), new Int32Array(rows)];
    const outputs = { targetLogProb: row, meanLogProb: row, predictions, sums: [row] };
    addon().classifierStatistics({ ...operands, ...outputs, ...shape });
    const [dFeatures, dWeights] = [new Float32Array(rows * embed), new Float32Array(classes * embed)];
    const given = { dTargetLogProb: dRow, dMeanLogProb: dRow, dSums: [dRow] };
    const gradients = { dFeatures, dWeights, accumulateWeights: false };
    addon().classifierStatisticsGrad({ ...operands, ...given, ...gradients, ...shape });
    return [dFeatures, dWeights];
  };
  const kept = [128, 128, 44].slice(0, keptChunks).map((size) => new Float32Array(size * (classes + 3)));
  expect(gradientsWith(kept)).toEqual(gradientsWith([]));
  for (const chunk of kept) expect(chunk.some((value) => value !== 0)).toBe(true); // it was used
});

test('predictions are the class of the highest score, with the lowest index among equals', async () => {
  await tf.setBackend('onednn');
  const predictions = tf.tidy(() => {
    const weights = tf.tensor2d([[1], [3], [3], [-5]]);
    const features = tf.tensor2d([[1], [-1], [0]]);
    return classifierScores({ features, weights }, tf.tensor1d([0, 0, 0], 'int32'))
      .statistics()
      .predictions.dataSync();
  });
  expect([...predictions]).toEqual([1, 3, 0]);
});

test('an error names a target that is not a class', async () => {
  await tf.setBackend('onednn');
  tf.tidy(() => {
    const scores = classifierScores(
      { features: tf.ones([2, 3]), weights: tf.ones([4, 3]) },
      tf.tensor1d([0, 4], 'int32'),
    );
    expect(() => scores.statistics()).toThrow('target 4 at index 1 is not in [0, 4)');
  });
});
