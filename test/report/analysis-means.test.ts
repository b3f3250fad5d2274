import { describe, expect, it } from 'vitest';
import { meanHistogram, mergedReliability } from '../../src/report/analysis-means.js';

describe('meanHistogram', () => {
  it('averages densities of histograms of different range and size', () => {
    const histograms = [
      { start: 0, width: 0.5, counts: [1, 3] },
      { start: 0.5, width: 0.5, counts: [10, 10] },
    ];
    // Densities 0.5, 1.5, 0 and 0, 1, 1.
    expect(meanHistogram(histograms)).toEqual([
      [0.25, 0.25],
      [0.75, 1.25],
      [1.25, 0.5],
    ]);
  });

  it('has an area of 1', () => {
    const area = meanHistogram([{ start: -2, width: 0.5, counts: [3, 1, 7] }]).reduce((sum, [, y]) => sum + 0.5 * y, 0);
    expect(area).toBeCloseTo(1, 12);
  });
});

describe('mergedReliability', () => {
  it('weights bins by their rows, and keeps bins apart', () => {
    const runs = [
      [
        { rows: 1, confidence: 0.12, accuracy: 0 },
        { rows: 4, confidence: 0.95, accuracy: 1 },
      ],
      [{ rows: 3, confidence: 0.16, accuracy: 1 }],
    ];
    expect(mergedReliability(runs)).toEqual([
      [expect.closeTo(0.15, 12), 0.75],
      [expect.closeTo(0.95, 12), 1],
    ]);
  });
});
