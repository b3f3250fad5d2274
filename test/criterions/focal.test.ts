import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { buildCriterion } from '../helpers/criterion.js';
import { evaluateRow } from '../helpers/golden-rows.js';

beforeAll(() => tf.setBackend('cpu'));

/** Logits of two classes, the first with the probability p. */
const logitsOf = (p: number): number[] => [Math.log(p / (1 - p)), 0];

describe('the focal losses', () => {
  const float64 = (p: number, gamma: number, phi: number | null): number =>
    phi === null || p <= phi
      ? -((1 - p) ** gamma) * Math.log(p)
      : -Math.log(p) + (1 - (1 - phi) ** gamma) * Math.log(phi);

  it.each([
    { gamma: 0.5, phi: null },
    { gamma: 1, phi: null },
    { gamma: 5, phi: null },
    { gamma: 1, phi: 0.3 },
    { gamma: 3, phi: 0.8 },
  ])('of γ $gamma and φ $phi have the slope of float64 differences (rows.json has other γ)', ({ gamma, phi }) => {
    const options = phi === null ? { focalGamma: gamma } : { focalGamma: gamma, focalPhi: phi };
    const criterion = buildCriterion(phi === null ? 'focal' : 'halted_focal', options);
    for (const p of [0.01, 0.2, 0.4, 0.6, 0.9, 0.99]) {
      const { loss, gradient } = evaluateRow(criterion, logitsOf(p), 0);
      expect(loss).toBeCloseTo(float64(p, gamma, phi), 5);
      const h = 1e-6;
      const slope = (float64(p + h, gamma, phi) - float64(p - h, gamma, phi)) / (2 * h);
      const expected = slope * p * (1 - p); // dp/dz = p·(1−p)
      expect(Math.abs(gradient[0]! - expected)).toBeLessThan(1e-4 * Math.abs(expected) + 1e-7);
      expect(gradient[1]).toBeCloseTo(-gradient[0]!, 6);
    }
  });

  it('are cross entropy for γ 0, and not NaN if p is 1 in float32', () => {
    const row = evaluateRow(buildCriterion('focal', { focalGamma: 0 }), logitsOf(0.3), 0);
    expect(row.loss).toBeCloseTo(-Math.log(0.3), 5);
    expect(row.gradient[0]).toBeCloseTo(-0.7, 5);
    expect(evaluateRow(buildCriterion('focal', { focalGamma: 0.5 }), [200, -200], 0)).toEqual({
      loss: 0,
      gradient: [0, 0],
    });
  });

  it.each([0, 1, -0.5, 2])('refuse φ %f', (focalPhi) => {
    expect(() => buildCriterion('halted_focal', { focalPhi })).toThrow(UserError);
    expect(() => buildCriterion('halted_focal', { focalPhi })).toThrow(`--focal-phi ${focalPhi} is not in (0, 1)`);
  });
});
