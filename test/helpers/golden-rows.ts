import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { logitScores } from '../../src/ops/row-scores.js';
import type { Criterion } from '../../src/plugins/criterion.js';

/** Loss of a row and its gradient by the logits. */
export type RowValue = { loss: number; gradient: number[] };

/** Loss of one row and its gradient by the logits. */
export function evaluateRow(criterion: Criterion, logits: readonly number[], target: number, epoch = 1): RowValue {
  return tf.tidy(() => {
    const targets = tf.tensor1d([target], 'int32');
    const table = tf.tensor2d([...logits], [1, logits.length]);
    const { value, grads } = tf
      .engine()
      .gradients(
        () => criterion.forward({ scores: logitScores(table, targets), targets, counts: null, epoch, passes: 1 }).loss,
        [table],
      );
    return { loss: value.dataSync()[0]!, gradient: [...grads[0]!.dataSync()] };
  });
}

/**
 * 1e-5 of the float64 value wherever PyTorch's float32 is that close to it, else as close as PyTorch's float32. Where a
 * loss is the small difference of its terms (0 at p = 0.5), how close that is is chance: one rounding of each of the two
 * terms, `largestTerm`, is allowed.
 */
export function expectAsClose(actual: number, float64: number, float32: number, what: string, largestTerm = 0): void {
  const roundings = 2 * 2 ** -23 * largestTerm;
  const bound = Math.max(1e-5 * Math.abs(float64), 1.0001 * Math.abs(float32 - float64), roundings, 1e-37);
  expect(Math.abs(actual - float64), `${what}: ${actual} for ${float64} (float32 ${float32})`).toBeLessThanOrEqual(
    bound,
  );
}
