import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { logitScores } from '../../src/ops/row-scores.js';
import type { Criterion } from '../../src/plugins/criterion.js';

/** The loss of a row and its gradient by the logits. */
export type RowValue = { loss: number; gradient: number[] };

/** Computes the loss of one row and its gradient by the logits. */
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
 * Expects the float64 value to a relative error of 1e-5, or to the error of PyTorch's float32 if that is larger. If
 * the terms of a loss almost cancel (0 at p = 0.5), that error is arbitrary, so one rounding of each of the two terms,
 * up to `largestTerm`, is allowed.
 */
export function expectAsClose(actual: number, float64: number, float32: number, what: string, largestTerm = 0): void {
  const roundings = 2 * 2 ** -23 * largestTerm;
  const bound = Math.max(1e-5 * Math.abs(float64), 1.0001 * Math.abs(float32 - float64), roundings, 1e-37);
  expect(Math.abs(actual - float64), `${what}: ${actual} for ${float64} (float32 ${float32})`).toBeLessThanOrEqual(
    bound,
  );
}
