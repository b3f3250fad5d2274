import type { RowScores, RowStatistics } from '../src/ops/row-scores.js';
import { defineOptions, type OptionsOf } from '../src/options/schema.js';
import type { CriterionOutput } from '../src/plugins/criterion.js';
import * as tf from '../src/tf/index.js';

/** The options of fairseq's label-smoothed cross entropy and of the criterions derived from it. */
export const labelSmoothingOptions = defineOptions({
  labelSmoothing: {
    kind: 'float',
    default: 0,
    min: 0,
    max: 1,
    help: 'ε, the share of the label that is spread over other classes',
  },
  smoothingClasses: {
    kind: 'choice',
    choices: ['others', 'all'],
    default: 'others',
    help: 'classes that share ε: the others, with ε/(V−1) each, as in fairseq, or all, with ε/V each',
  },
  reportAccuracy: {
    kind: 'boolean',
    default: false,
    help: 'log how many target tokens have the highest score (teacher forcing): total, n_correct, accuracy in %',
  },
});

/**
 * The sum over the rows of (1 − ε)·(−log p_y) + ε/(V−1) · Σ_{v ≠ y} (−log p_v), or if all classes share ε, of
 * (1 − ε)·(−log p_y) + ε/V · Σ_v (−log p_v).
 */
export function smoothedCrossEntropy(
  { targetLogProb, meanLogProb }: RowStatistics,
  classes: number,
  { labelSmoothing, smoothingClasses }: OptionsOf<typeof labelSmoothingOptions>,
): tf.Scalar {
  const ofEach = labelSmoothing / (smoothingClasses === 'others' ? classes - 1 : classes);
  const ofTarget = 1 - labelSmoothing - (smoothingClasses === 'others' ? ofEach : 0);
  const rows = tf.add(tf.mul(targetLogProb, ofTarget), tf.mul(meanLogProb, ofEach * classes));
  return tf.neg(tf.sum(rows));
}

/** fairseq's counts for --report-accuracy. */
export function accuracy(
  { predictions }: RowStatistics,
  targets: tf.Tensor1D,
  { rows }: RowScores,
): NonNullable<CriterionOutput['metrics']> {
  const correct = tf.sum(tf.cast(tf.equal(predictions, targets), 'float32')) as tf.Scalar;
  return { total: { sum: tf.scalar(rows), unit: 'count' }, n_correct: { sum: correct, unit: 'count' } };
}
