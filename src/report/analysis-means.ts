import { binOfWidth, type ReliabilityBin } from '../analysis/calibration.js';
import type { Histogram } from '../analysis/histogram.js';
import { highest, lowest, meanOf } from './numbers.js';

type Points = (readonly [x: number, y: number])[];

/**
 * The mean of the densities of histograms of one bin width, as the corners of steps: y belongs to the bin around x. Densities
 * compare between runs of different size.
 */
export function meanHistogram(histograms: readonly Histogram[]): Points {
  const { width } = histograms[0]!;
  const densities = histograms.map(({ start, counts }) => {
    const total = counts.reduce((sum, count) => sum + count, 0);
    const first = Math.round(start / width);
    return new Map(counts.map((count, bin) => [first + bin, total === 0 ? 0 : count / (total * width)] as const));
  });
  const bins = densities.flatMap((density) => [...density.keys()]);
  if (bins.length === 0) return [];
  const first = lowest(bins);
  const last = highest(bins);
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const bin = first + index;
    return [(bin + 0.5) * width, meanOf(densities.map((density) => density.get(bin) ?? 0))] as const;
  });
}

const BINS = 10;

/** Mean confidence and accuracy of the rows of all runs, in bins of equal width over the confidence. */
export function mergedReliability(runs: readonly (readonly ReliabilityBin[])[]): Points {
  const sums = new Map<number, { rows: number; confidence: number; correct: number }>();
  for (const { rows, confidence, accuracy } of runs.flat()) {
    const bin = binOfWidth(confidence, BINS);
    const sum = sums.get(bin) ?? { rows: 0, confidence: 0, correct: 0 };
    sums.set(bin, sum);
    sum.rows += rows;
    sum.confidence += rows * confidence;
    sum.correct += rows * accuracy;
  }
  return [...sums]
    .sort(([a], [b]) => a - b)
    .map(([, { rows, confidence, correct }]) => [confidence / rows, correct / rows] as const);
}
