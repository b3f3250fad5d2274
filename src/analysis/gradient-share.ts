/** How a loss spreads its gradient over the rows, by bins of p_y of equal width. */
export interface GradientShare {
  /** Rows per bin, [bins]. */
  readonly rows: readonly number[];
  /** The mean of |∂L/∂f_y| in each bin, [bins]; 0 in an empty one. */
  readonly mean: readonly number[];
  /** The bin's part of Σ |∂L/∂f_y| over all rows, [bins]. */
  readonly share: readonly number[];
}

const BINS = 10;

/** @param probabilities [rows], p_y @param gradients [rows], ∂L/∂f_y */
export function gradientShare(probabilities: Float64Array, gradients: Float32Array): GradientShare {
  const rows = new Array<number>(BINS).fill(0);
  const sums = new Array<number>(BINS).fill(0);
  for (const [row, probability] of probabilities.entries()) {
    const bin = Math.min(BINS - 1, Math.floor(probability * BINS));
    rows[bin]!++;
    sums[bin]! += Math.abs(gradients[row]!);
  }
  const total = sums.reduce((sum, value) => sum + value, 0);
  return {
    rows,
    mean: sums.map((sum, bin) => (rows[bin] === 0 ? 0 : sum / rows[bin]!)),
    share: sums.map((sum) => (total === 0 ? 0 : sum / total)),
  };
}
