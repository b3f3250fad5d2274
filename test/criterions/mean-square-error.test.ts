import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { logitScores } from '../../src/ops/row-scores.js';
import { buildCriterion } from '../helpers/criterion.js';
import { evaluateRow, type RowValue } from '../helpers/golden-rows.js';
import { goldenModelValues } from '../helpers/reference-model.js';

interface Case {
  readonly activation: 'softmax' | 'sigmoid';
  readonly bonus: boolean;
  readonly float64: readonly RowValue[];
  readonly float32: readonly RowValue[];
}

/** The paper's formulas as PyTorch computes them: see test/golden/criterions/README.md. */
const { cases } = JSON.parse(readFileSync(new URL('../golden/criterions/mse.json', import.meta.url), 'utf8')) as {
  cases: Case[];
};
const { rows } = goldenModelValues<{ rows: { name: string; logits: number[]; target: number }[] }>('rows');

/** The rounding error of a sum whose terms are at most 1 and may almost cancel. */
const ROUNDING = 4 * 2 ** -23;

beforeAll(() => tf.setBackend('cpu'));

describe('mean square error', () => {
  it.each(cases)('of $activation with the mirror bonus: $bonus, is the paper’s, row by row', (golden) => {
    const criterion = buildCriterion('mse', { mseActivation: golden.activation, mirrorBonus: golden.bonus });
    for (const [index, { name, logits, target }] of rows.entries()) {
      const actual = evaluateRow(criterion, logits, target);
      const { loss, gradient } = golden.float64[index]!;
      const inFloat32 = golden.float32[index]!;
      const expectClose = (value: number, expected: number, float32: number, what: string): void => {
        const bound = Math.max(1e-5 * Math.abs(expected), 1.0001 * Math.abs(float32 - expected), ROUNDING);
        expect(Math.abs(value - expected), `${what} of ${name}: ${value} for ${expected}`).toBeLessThanOrEqual(bound);
      };
      expectClose(actual.loss, loss, inFloat32.loss, 'loss');
      actual.gradient.forEach((value, v) => {
        expectClose(value, gradient[v]!, inFloat32.gradient[v]!, `gradient ${v}`);
      });
    }
  });

  it('reports −log p of the softmax as the nll', () => {
    const targets = tf.tensor1d([0, 2], 'int32');
    const logits = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
    const scores = logitScores(logits, targets);
    const { nll } = buildCriterion('mse', { mseActivation: 'sigmoid' }).forward({
      scores,
      targets,
      counts: null,
      epoch: 1,
      passes: 1,
    });
    const logOfSum = Math.log(Math.exp(1) + Math.exp(2) + Math.exp(3));
    expect(nll.dataSync()[0]).toBeCloseTo(2 * logOfSum - 1 - 3, 5);
  });
});
