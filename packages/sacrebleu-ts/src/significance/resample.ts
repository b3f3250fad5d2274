import type { ConfidenceInterval, Metric, Statistics } from '../metric.js';
import { exactMean, numpyMean } from './mean.js';
import { Pcg64 } from './pcg64.js';

/** sacrebleu's seed if `SACREBLEU_SEED` is not set. */
export const DEFAULT_SEED = 12345n;

/** Options of bootstrap resampling; the comments give the defaults. */
export interface BootstrapOptions {
  readonly samples?: number; // 1000
  /** Null: different resamples each time. */
  readonly seed?: bigint | number | null; // 12345
}

/** Scores in numpy's precision. */
type Scores = Float64Array | Float32Array;

/** The segments of each resample, as in sacrebleu: numpy's `default_rng(seed).choice(n, (samples, n))`. */
export function* drawSegments(segments: number, samples: number, random: Pcg64): Generator<Int32Array> {
  const drawn = new Int32Array(segments);
  for (let sample = 0; sample < samples; sample++) {
    for (let index = 0; index < segments; index++) drawn[index] = random.integer(segments);
    yield drawn;
  }
}

/** The score of every resample of a corpus, in the order of drawing. */
export function resampledScores(
  metric: Metric,
  statistics: readonly Statistics[],
  { samples = 1000, seed = DEFAULT_SEED }: BootstrapOptions,
): Scores {
  const rows = floatRows(statistics);
  const scores = metric.numpyTypes.scores === 'float64' ? new Float64Array(samples) : new Float32Array(samples);
  let sample = 0;
  for (const drawn of drawSegments(statistics.length, samples, generatorOf(seed))) {
    scores[sample++] = metric.score(sumOf(rows, drawn), 'float32').score;
  }
  return scores;
}

/** The statistics in numpy's precision: float32 rows. */
function floatRows(statistics: readonly Statistics[]): Float32Array[] {
  return statistics.map((row) => Float32Array.from(row));
}

/** The sums over the drawn rows, added sequentially in float32. */
function sumOf(rows: readonly Float32Array[], drawn: Int32Array): number[] {
  const sums = new Float32Array(rows[0]!.length);
  for (let index = 0; index < drawn.length; index++) {
    const row = rows[drawn[index]!]!;
    for (let column = 0; column < row.length; column++) sums[column]! += row[column]!;
  }
  return [...sums];
}

/** The generator for a seed, or for a random seed if it is null. @throws RangeError for a negative seed */
export function generatorOf(seed: bigint | number | null): Pcg64 {
  if (seed === null) return new Pcg64(BigInt(Math.floor(Math.random() * 2 ** 52)));
  const state = BigInt(seed);
  if (state < 0n) throw new RangeError(`the seed is ${seed}; it must not be negative`);
  return new Pcg64(state);
}

/** The confidence interval of one system's score, as `sacrebleu --confidence` computes it. */
export function confidenceInterval(
  metric: Metric,
  statistics: readonly Statistics[],
  options: BootstrapOptions = {},
): ConfidenceInterval {
  const scores = resampledScores(metric, statistics, options);
  const round = scores instanceof Float32Array ? Math.fround : (value: number): number => value;
  return { mean: round(exactMean(scores)), halfWidth: halfWidth(scores) };
}

/** The confidence interval of given scores; the mean is numpy's, as in the paired tests. */
export function intervalOf(scores: Scores): ConfidenceInterval {
  return { mean: numpyMean(scores.slice().sort()), halfWidth: halfWidth(scores) };
}

/** Half the width of the middle 95 per cent. */
function halfWidth(scores: Scores): number {
  const sorted = scores.slice().sort();
  const lower = Math.floor(sorted.length / 40);
  const width = 0.5 * (sorted[sorted.length - lower - 1]! - sorted[lower]!);
  return scores instanceof Float32Array ? Math.fround(width) : width;
}
