import { logitScores, type RowScores, type RowStatistics } from '../ops/row-scores.js';
import * as tf from '../tf/index.js';
import type { ScoreRows } from './score-rows.js';

/**
 * The scores of rows in which f_y is f_y + δ, so that the derivative of a loss by δ at 0 is ∂L/∂f_y. All but sums over the
 * classes follow from what is known of each row, without the table:
 *   log Σ_v exp f_v grows by n = log(1 + p_y · (exp δ − 1)), so that
 *   log p_y becomes log p_y + δ − n, and the mean of log p_v becomes mean + δ / V − n.
 * @param logits float32 [rows, classes], before the shift
 * @param targets int32 [rows]
 * @param known of the same rows, before the shift
 * @param shift δ, float32 [rows]
 */
export function shiftedScores(
  logits: tf.Tensor2D,
  targets: tf.Tensor1D,
  known: ScoreRows,
  shift: tf.Tensor1D,
): RowScores {
  const { rows, classes } = known;
  const table = (): tf.Tensor2D => tf.add(logits, tf.mul(tf.oneHot(targets, classes), tf.expandDims(shift, 1)));
  const perRow = (value: (row: number) => number): tf.Tensor1D =>
    tf.tensor1d(Float32Array.from({ length: rows }, (_, row) => value(row)));
  return {
    rows,
    classes,
    logits: table,
    statistics(sums = []): RowStatistics {
      if (sums.length > 0) return logitScores(table(), targets).statistics(sums);
      const logProb = perRow((row) => known.target[row]! - known.logSumExp[row]!);
      const meanLogProb = perRow((row) => known.mean[row]! - known.logSumExp[row]!);
      const growth = tf.log1p(tf.mul(tf.exp(logProb), tf.expm1(shift)));
      return {
        targetLogProb: tf.sub(tf.add(logProb, shift), growth),
        meanLogProb: tf.sub(tf.add(meanLogProb, tf.div(shift, classes)), growth),
        get predictions() {
          return tf.argMax(logits, 1) as tf.Tensor1D;
        },
        sums: [],
      };
    },
  };
}
