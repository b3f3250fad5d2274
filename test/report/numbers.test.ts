import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { enumerate, fixed, LEVEL, meanAndDeviation, pText, rangeText, signed } from '../../src/report/numbers.js';

describe('numbers of a report', () => {
  it.each([
    [fixed(35.504, 2), '35.50'],
    [fixed(-0.1, 2), '−0.10'],
    [fixed(-0.001, 2), '0.00'],
    [fixed(Number.POSITIVE_INFINITY, 2), '∞'],
    [fixed(Number.NaN, 2), '–'],
    [signed(0.414, 2), '+0.41'],
    [signed(-0.414, 2), '−0.41'],
    [signed(0.001, 2), '0.00'],
    [meanAndDeviation([35, 36, 37], 2), '36.00 ± 1.00'],
    [meanAndDeviation([35], 2), '35.00'],
    [meanAndDeviation([], 2), '–'],
    [rangeText([-0.1, 0.25], 1), '−0.1 to 0.3'],
    [enumerate(['a', 'b', 'c']), 'a, b and c'],
    [pText(0.0004), 'p < 0.001'],
    [pText(0.0123), 'p = 0.012'],
    [pText(0.0499), 'p = 0.0499'],
    [pText(0.05), 'p = 0.050'],
  ])('writes %s', (text, expected) => {
    expect(text).toBe(expected);
  });

  it('shows on which side of the level of significance p is', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.049, max: 0.051, noNaN: true }), (p) => {
        fc.pre(Math.abs(p - LEVEL) > 1e-7);
        expect(Number(/[\d.]+$/.exec(pText(p))![0]) < LEVEL).toBe(p < LEVEL);
      }),
    );
  });
});
