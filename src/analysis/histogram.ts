/** How often values fall into bins of equal width. */
export interface Histogram {
  /** Where the first bin starts. */
  readonly start: number;
  readonly width: number;
  readonly counts: readonly number[]; // of the values in [start + i·width, start + (i + 1)·width)
}

/** A histogram whose bins start at multiples of their width, from the lowest value to the highest. */
export function histogramOf(values: Float64Array, width: number): Histogram {
  if (values.length === 0) return { start: 0, width, counts: [] };
  const binOf = (value: number): number => Math.floor(value / width);
  const first = binOf(values.reduce((lowest, value) => Math.min(lowest, value)));
  const last = binOf(values.reduce((highest, value) => Math.max(highest, value)));
  const counts = new Array<number>(last - first + 1).fill(0);
  for (const value of values) counts[binOf(value) - first]!++;
  return { start: first * width, width, counts };
}

/** Quantiles by linear interpolation between the two nearest values. @param fractions 0 … 1 */
export function quantiles(values: Float64Array, fractions: readonly number[]): number[] {
  const sorted = Float64Array.from(values).sort();
  return fractions.map((fraction) => {
    const position = fraction * (sorted.length - 1);
    const below = Math.floor(position);
    const above = Math.min(sorted.length - 1, below + 1);
    return sorted[below]! + (position - below) * (sorted[above]! - sorted[below]!);
  });
}
