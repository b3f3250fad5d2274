import { type Histogram, histogramOf, quantiles } from './histogram.js';
import type { ScoreRows } from './score-rows.js';

/** Margins γ = f_y − max over y′ ≠ y of f_y′ (paper, figure 6). */
export interface Margins {
  readonly mean: number;
  readonly median: number;
  readonly quartiles: readonly [number, number];
  readonly histogram: Histogram;
  /**
   * The mean as the authors' code computes it: f_y − max(f · (1 − one-hot(y))). The product leaves a 0 in the target's
   * place, so the maximum is never below 0.
   */
  readonly meanOfAuthorsCode: number;
}

const BIN_WIDTH = 0.5;

/** Computes the margins of rows of scores. */
export function marginsOf({ rows, target, bestOther }: ScoreRows): Margins {
  const margins = target.map((score, row) => score - bestOther[row]!);
  const ofAuthors = target.map((score, row) => score - Math.max(0, bestOther[row]!));
  const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / rows;
  const [low, median, high] = quantiles(margins, [0.25, 0.5, 0.75]) as [number, number, number];
  return {
    mean: mean(margins),
    median,
    quartiles: [low, high],
    histogram: histogramOf(margins, BIN_WIDTH),
    meanOfAuthorsCode: mean(ofAuthors),
  };
}
