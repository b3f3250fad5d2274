import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calibrationOf } from '../../src/analysis/calibration.js';
import { energiesOf } from '../../src/analysis/energy.js';
import { gradientShare } from '../../src/analysis/gradient-share.js';
import { histogramOf, quantiles } from '../../src/analysis/histogram.js';
import { marginsOf } from '../../src/analysis/margin.js';
import { joinRows, type ScoreRows, summarizeRows, targetProbabilities } from '../../src/analysis/score-rows.js';

// Three rows of three classes, worked out by hand:
//   row  f             y  f_y  best other  mean  correct
//   0    [2, 0, -2]    0   2       0         0     yes
//   1    [-1, -3, -5]  1  -3      -1        -3     no
//   2    [1, 1, 4]     2   4       1         2     yes
const SCORES = summarizeRows(Float32Array.of(2, 0, -2, -1, -3, -5, 1, 1, 4), Int32Array.of(0, 1, 2), 3);

/** Rows of two classes whose target has the probability p. */
function rowsWith(probabilities: readonly number[]): ScoreRows {
  const logits = probabilities.flatMap((p) => [Math.log(p), Math.log(1 - p)]);
  return summarizeRows(Float32Array.from(logits), new Int32Array(probabilities.length), 2);
}

describe('the scores of rows', () => {
  it('are reduced to the target, the best other class, the mean and the log of the sum of exponentials', () => {
    expect([...SCORES.target]).toEqual([2, -3, 4]);
    expect([...SCORES.bestOther]).toEqual([0, -1, 1]);
    expect([...SCORES.mean]).toEqual([0, -3, 2]);
    expect([...SCORES.isCorrect]).toEqual([1, 0, 1]);
    expect(SCORES.logSumExp[0]).toBeCloseTo(Math.log(Math.E ** 2 + 1 + Math.E ** -2), 12);
    expect(targetProbabilities(SCORES)[1]).toBeCloseTo(Math.E ** -3 / (Math.E ** -1 + Math.E ** -3 + Math.E ** -5), 12);
  });

  it('count the first of equal classes as the prediction, as argmax does', () => {
    const tied = summarizeRows(Float32Array.of(1, 1, 1, 1), Int32Array.of(0, 1), 2);
    expect([...tied.isCorrect]).toEqual([1, 0]);
  });

  it('do not overflow', () => {
    const large = summarizeRows(Float32Array.of(1e4, 1e4, -1e4, 0), Int32Array.of(0, 0), 2);
    expect(targetProbabilities(large)[0]).toBeCloseTo(0.5, 12);
    expect(targetProbabilities(large)[1]).toBe(0);
  });

  it('join to the summary of all rows', () => {
    const logits = Float32Array.of(2, 0, -2, -1, -3, -5, 1, 1, 4);
    const parts = [0, 1, 2].map((row) => summarizeRows(logits.subarray(3 * row, 3 * row + 3), Int32Array.of(row), 3));
    expect(joinRows(parts)).toEqual(SCORES);
  });
});

describe('energies', () => {
  it('are the means of the negative scores, on the data and of the nearest other class', () => {
    expect(energiesOf(SCORES)).toEqual({
      onData: (-2 + 3 - 4) / 3,
      offData: (0 + 1 - 1) / 3,
      centered: { onData: (-2 + 0 - 2) / 3, offData: (0 - 2 + 1) / 3 },
    });
  });

  it('do not change, centered, when all scores of a row are shifted', () => {
    fc.assert(
      fc.property(fc.integer({ min: -50, max: 50 }), (shift) => {
        const shifted = summarizeRows(
          Float32Array.of(2, 0, -2, -1, -3, -5, 1, 1, 4).map((score) => score + shift),
          Int32Array.of(0, 1, 2),
          3,
        );
        expect(energiesOf(shifted).centered).toEqual(energiesOf(SCORES).centered);
        expect(marginsOf(shifted).mean).toBe(marginsOf(SCORES).mean);
      }),
    );
  });
});

describe('margins', () => {
  it("are the target's score less the best other; the authors' code counts a 0 among the others", () => {
    const margins = marginsOf(SCORES);
    expect(margins.mean).toBe((2 - 2 + 3) / 3);
    expect(margins.median).toBe(2);
    expect(margins.quartiles).toEqual([0, 2.5]);
    expect(margins.meanOfAuthorsCode).toBe((2 - 3 + 3) / 3);
    expect(margins.histogram).toMatchObject({ start: -2, width: 0.5 });
    expect(margins.histogram.counts).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1]);
  });
});

describe('calibration', () => {
  it('compares the confidence with the share of right predictions, bin by bin', () => {
    // Confidences 0.95, 0.95, 0.65, 0.58; right, right, right, wrong (the other class has 0.58).
    const { accuracy, confidence, error, bins } = calibrationOf(rowsWith([0.95, 0.95, 0.65, 0.42]));
    expect(accuracy).toBe(0.75);
    expect(confidence).toBeCloseTo((0.95 + 0.95 + 0.65 + 0.58) / 4, 6);
    expect(bins.width10.map(({ rows }) => rows)).toEqual([1, 1, 2]);
    expect(error.width10).toBeCloseTo((0.58 + 0.35 + 2 * 0.05) / 4, 6);
  });

  it('has bins of equally many rows too', () => {
    const probabilities = Array.from({ length: 45 }, (_, index) => 0.5 + index / 100);
    expect(calibrationOf(rowsWith(probabilities)).bins.mass15.map(({ rows }) => rows)).toEqual(new Array(15).fill(3));
  });

  it('has no error when each bin is right as often as it says', () => {
    const rows = rowsWith([...new Array(3).fill(0.75), 0.25]);
    expect(calibrationOf(rows).error.width10).toBeCloseTo(0, 6);
  });

  it('counts a confidence on the edge of two bins in the lower one, and 1 in the last', () => {
    const edge: ScoreRows = {
      ...SCORES,
      rows: 2,
      target: Float64Array.of(0, 0),
      bestOther: Float64Array.of(-1, -1),
      logSumExp: Float64Array.of(Math.log(2), 0),
      isCorrect: Uint8Array.of(1, 1),
    };
    expect(calibrationOf(edge).bins.width10.map(({ confidence }) => confidence)).toEqual([0.5, 1]);
  });
});

describe('the share of the gradient by p', () => {
  it('adds up |∂L/∂f_y| in ten bins', () => {
    const { rows, mean, share } = gradientShare(Float64Array.of(0.05, 0.07, 0.5, 1), Float32Array.of(-1, -3, 2, -2));
    expect(rows).toEqual([2, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
    expect(mean).toEqual([2, 0, 0, 0, 0, 2, 0, 0, 0, 2]);
    expect(share).toEqual([0.5, 0, 0, 0, 0, 0.25, 0, 0, 0, 0.25]);
  });
});

describe('a histogram', () => {
  it('loses no value', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 1 }), (values) => {
        const { counts, start, width } = histogramOf(Float64Array.from(values), 0.5);
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(values.length);
        expect(start).toBeLessThanOrEqual(Math.min(...values));
        expect(start + counts.length * width).toBeGreaterThan(Math.max(...values));
      }),
    );
  });

  it('of nothing is empty', () => {
    expect(histogramOf(new Float64Array(0), 1).counts).toEqual([]);
  });

  it('is beside quantiles that interpolate', () => {
    expect(quantiles(Float64Array.of(4, 1, 2, 3), [0, 0.5, 1])).toEqual([1, 2.5, 4]);
  });
});
