import type { ScoreRows } from './score-rows.js';

/** Conditional energies, E(y | x) = −f_y, as means over rows (paper, figure 5 and table 13). */
export interface Energies {
  /** The mean of −f_y: the energy on the data. */
  readonly onData: number;
  /** The mean of the minimum over y′ ≠ y of −f_y′: the lowest energy off the data. */
  readonly offData: number;
  /**
   * Both with each row's scores shifted to a mean of 0. A softmax does not change if all scores of a row are shifted, so
   * the energies of two models compare only after this.
   */
  readonly centered: { readonly onData: number; readonly offData: number };
}

/** Computes the energies of rows of scores. */
export function energiesOf({ rows, target, bestOther, mean }: ScoreRows): Energies {
  const average = (energy: (row: number) => number): number => {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += energy(row);
    return sum / rows;
  };
  return {
    onData: average((row) => -target[row]!),
    offData: average((row) => -bestOther[row]!),
    centered: {
      onData: average((row) => mean[row]! - target[row]!),
      offData: average((row) => mean[row]! - bestOther[row]!),
    },
  };
}
