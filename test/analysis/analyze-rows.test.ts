import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyzeRows, gradientsAtTargets } from '../../src/analysis/analyze-rows.js';
import { summarizeRows } from '../../src/analysis/score-rows.js';
import { buildCriterion, criterionRegistry } from '../helpers/criterion.js';
import { evaluateRow } from '../helpers/golden-rows.js';

beforeAll(() => tf.setBackend('cpu'));

const CLASSES = 5;
const logits = fc.array(fc.double({ min: -6, max: 6, noNaN: true }), { minLength: CLASSES, maxLength: CLASSES });

/** ∂L/∂f_y of one row. */
async function gradientAt(
  name: string,
  options: Record<string, unknown>,
  logits: readonly number[],
  y: number,
): Promise<number> {
  const table = tf.tensor2d([...logits], [1, logits.length]);
  const targets = Int32Array.of(y);
  const scores = summarizeRows(Float32Array.from(logits), targets, logits.length);
  const [gradient] = await gradientsAtTargets(buildCriterion(name, options), table, targets, scores, 1);
  table.dispose();
  return gradient!;
}

/** Scores of two classes at which the first has the probability p. */
const scoresAt = (p: number): number[] => [Math.log(p) - Math.log1p(-p), 0];

describe('the gradient by the score of the target', () => {
  it('is −(1 − p) for cross entropy', async () => {
    for (const p of [0.001, 0.1, 0.5, 0.75, 0.99]) {
      expect(await gradientAt('cross_entropy', {}, scoresAt(p), 0)).toBeCloseTo(p - 1, 5);
    }
  });

  it.each([0.25, 0.5, 0.75, 0.9])(
    'is −1 up to LE for the encouraging loss with LE %d, then −(1 − p)(1 + p / (1 − LE))',
    async (logEnd) => {
      await fc.assert(
        fc.asyncProperty(fc.double({ min: 0.01, max: 0.99, noNaN: true }), async (p) => {
          fc.pre(Math.abs(p - logEnd) > 1e-4); // float32 may round p to either side
          const expected = p <= logEnd ? 1 : (1 - p) * (1 + p / (1 - logEnd));
          expect(await gradientAt('encouraging', { logEnd }, scoresAt(p), 0)).toBeCloseTo(-expected, 4);
        }),
        { numRuns: 40 },
      );
    },
  );

  it('is −1 for the encouraging loss without a linear end', async () => {
    for (const p of [0.01, 0.5, 0.9, 0.999]) {
      expect(await gradientAt('encouraging', { logEnd: 1 }, scoresAt(p), 0)).toBeCloseTo(-1, 4);
    }
  });
});

/** The encouraging loss of one row in float64, as in the paper; `bonus` false leaves cross entropy with ε/V. */
function smoothedLoss(logits: readonly number[], y: number, epsilon: number, logEnd: number | null): number {
  const highest = Math.max(...logits);
  const logSumExp = highest + Math.log(logits.reduce((sum, score) => sum + Math.exp(score - highest), 0));
  const smooth = (value: (logProb: number) => number): number =>
    (1 - epsilon) * value(logits[y]! - logSumExp) +
    (epsilon / logits.length) * logits.reduce((sum, score) => sum + value(score - logSumExp), 0);
  const crossEntropy = smooth((logProb) => -logProb);
  if (logEnd === null) return crossEntropy;
  const bonus = (logProb: number): number => {
    const p = Math.exp(logProb);
    return p <= logEnd ? Math.log(1 - p) : Math.log(1 - logEnd) - (p - logEnd) / (1 - logEnd);
  };
  return crossEntropy + smooth(bonus);
}

describe('the gradient by the score of the target with smoothed labels', () => {
  it.each([
    { name: 'label_smoothed_cross_entropy', logEnd: null, options: { labelSmoothing: 0.1, smoothingClasses: 'all' } },
    { name: 'encouraging', logEnd: 0.5, options: { labelSmoothing: 0.1, logEnd: 0.5 } },
    { name: 'encouraging', logEnd: 0.75, options: { labelSmoothing: 0.3, logEnd: 0.75 } },
  ])('is the finite difference of the loss: $name, $options', async ({ name, logEnd, options }) => {
    await fc.assert(
      fc.asyncProperty(logits, fc.nat(CLASSES - 1), async (scores, y) => {
        const step = 1e-5;
        const shifted = (by: number): number[] => scores.map((score, v) => (v === y ? score + by : score));
        const loss = (by: number): number => smoothedLoss(shifted(by), y, options.labelSmoothing, logEnd);
        const difference = (loss(step) - loss(-step)) / (2 * step);
        expect(await gradientAt(name, options, scores, y)).toBeCloseTo(difference, 3);
      }),
      { numRuns: 30 },
    );
  });
});

describe('the gradient by the score of the target', () => {
  it.each([
    ...criterionRegistry.names().map((name) => ({ name, options: {} })),
    ...['label_smoothed_cross_entropy', 'encouraging', 'focal'].map((name) => ({
      name,
      options: { labelSmoothing: 0.2, reportAccuracy: true },
    })),
    { name: 'label_smoothed_cross_entropy_with_rdrop', options: { rdropAlpha: 5, labelSmoothing: 0.1 } },
    { name: 'encourage_loss', options: { bonus_gamma: -1, log_end: 0.75, el_lb: 0.1 } },
    { name: 'encouraging', options: { bonus: 'power', bonusExponent: 2 } },
    { name: 'encouraging', options: { bonus: 'cosine', bonusLabelSmoothing: 0.1 } },
  ])('is that of the whole table of scores, at the target: $name, $options', async ({ name, options }) => {
    await fc.assert(
      fc.asyncProperty(logits, fc.nat(CLASSES - 1), async (scores, y) => {
        const { gradient } = evaluateRow(buildCriterion(name, options), scores, y);
        expect(await gradientAt(name, options, scores, y)).toBeCloseTo(gradient[y]!, 4);
      }),
      { numRuns: 20 },
    );
  });
});

describe('the rows of a classifier', () => {
  const features = Float32Array.from({ length: 7 * 3 }, (_, index) => Math.sin(index));
  const weights = Float32Array.from({ length: CLASSES * 3 }, (_, index) => Math.cos(2 * index));
  const targets = Int32Array.of(0, 1, 2, 3, 4, 0, 1);
  const criterions = [buildCriterion('cross_entropy'), buildCriterion('encouraging', { labelSmoothing: 0.1 })];

  async function analyze(chunkRows?: number) {
    const classifier = { features: tf.tensor2d(features, [7, 3]), weights: tf.tensor2d(weights, [CLASSES, 3]) };
    const analyzed = await analyzeRows(classifier, targets, criterions, 1, () => {}, chunkRows);
    tf.dispose([classifier.features, classifier.weights]);
    return analyzed;
  }

  it('have the scores of the whole table', async () => {
    const table = tf.tidy(() =>
      tf.matMul(tf.tensor2d(features, [7, 3]), tf.tensor2d(weights, [CLASSES, 3]), false, true).dataSync(),
    ) as unknown as Float32Array;
    expect((await analyze()).scores).toEqual(summarizeRows(table, targets, CLASSES));
  });

  it.each([1, 2, 3, 6])('do not depend on how many are computed at a time: %d', async (chunkRows) => {
    expect(await analyze(chunkRows)).toEqual(await analyze());
  });

  it('leave no tensor behind', async () => {
    const before = tf.memory().numTensors;
    await analyze(2);
    expect(tf.memory().numTensors).toBe(before);
  });
});
