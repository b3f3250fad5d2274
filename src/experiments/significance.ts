import { MersenneTwister } from '../data/mersenne-twister.js';
import { tokenizedBleu, STATISTICS_WIDTH as WIDTH } from './translation-result.js';

/** One system on one test set: a value of every seed, with what its sentences contribute. */
export interface SystemRuns {
  /** BLEU of each seed, [seeds]. */
  readonly scores: readonly number[];
  /** `unpackStatistics` of each seed, [seeds][sentences × 6]. */
  readonly statistics: readonly Uint16Array[];
}

/** Whether one system is better than another, by runs with the same seeds. */
export interface Comparison {
  /** The mean over seeds of the difference, first system less second. */
  readonly difference: number;
  /** 95 %, from resamples of seeds and sentences. */
  readonly interval: readonly [number, number];
  readonly seeds: number;
  /** Student's t of the paired differences, with `seeds` − 1 degrees of freedom; null with fewer than two seeds. */
  readonly t: number | null;
  readonly p: number | null; // two-sided
}

/** Where values lie. */
export interface Spread {
  readonly mean: number;
  /** With n − 1 in the denominator; 0 for one value. */
  readonly deviation: number;
}

/** The mean and the standard deviation of values. */
export function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}

const RESAMPLES = 2000;

/**
 * Compares pairs of systems that were trained with the same seeds. Each resample draws seeds and one set of sentences for
 * all systems together, so that the intervals contain both sources of chance.
 * @param seed of the resampling
 */
export function compareSystems(
  pairs: readonly (readonly [SystemRuns, SystemRuns])[],
  { resamples = RESAMPLES, seed = 12345 } = {},
): Comparison[] {
  const differences = resampledDifferences(pairs, resamples, seed);
  return pairs.map(([a, b], index) => {
    const paired = a.scores.map((score, run) => score - b.scores[run]!);
    const { mean, deviation } = spreadOf(paired);
    const seeds = paired.length;
    const t = seeds > 1 ? mean / (deviation / Math.sqrt(seeds)) : null;
    const p = t === null ? null : studentTwoSided(t, seeds - 1);
    return { difference: mean, interval: middle95(differences[index]!), seeds, t, p };
  });
}

const draw = (random: MersenneTwister, count: number): number => Math.floor(random.random() * count);

/** Draws as many sentences as there are, with replacement. @returns how often each was drawn */
export function drawSentences(random: MersenneTwister, sentences: number): Uint16Array {
  const weights = new Uint16Array(sentences);
  for (let index = 0; index < sentences; index++) weights[draw(random, sentences)]!++;
  return weights;
}

/** The interval that contains the middle 95 % of resampled values. */
export function middle95(values: ArrayLike<number>): [number, number] {
  const sorted = Float64Array.from(values).sort();
  const at = (fraction: number): number => sorted[Math.round(fraction * (sorted.length - 1))]!;
  return [at(0.025), at(0.975)];
}

/** The difference of mean BLEU in each resample, [pairs][resamples]. */
function resampledDifferences(
  pairs: readonly (readonly [SystemRuns, SystemRuns])[],
  resamples: number,
  seed: number,
): number[][] {
  const systems = [...new Set(pairs.flat())];
  const seeds = Math.min(...systems.map(({ statistics }) => statistics.length));
  const sentences = Math.min(...systems.flatMap(({ statistics }) => statistics.map((rows) => rows.length / WIDTH)));
  const random = new MersenneTwister(seed);
  const differences = pairs.map((): number[] => []);
  for (let resample = 0; resample < resamples; resample++) {
    const runs = Array.from({ length: seeds }, () => draw(random, seeds));
    const weights = drawSentences(random, sentences);
    const means = new Map(
      systems.map((system) => {
        const scores = new Map([...new Set(runs)].map((run) => [run, weightedBleu(system.statistics[run]!, weights)]));
        return [system, runs.reduce((sum, run) => sum + scores.get(run)!, 0) / seeds];
      }),
    );
    for (const [index, [a, b]] of pairs.entries()) differences[index]!.push(means.get(a)! - means.get(b)!);
  }
  return differences;
}

const metric = tokenizedBleu();

/** BLEU of sentences that count as often as `weights` says. @param rows [sentences × 6] @param weights [sentences] */
export function weightedBleu(rows: Uint16Array, weights: Uint16Array): number {
  const sums = new Array<number>(10).fill(0);
  for (const [sentence, weight] of weights.entries()) {
    if (weight === 0) continue;
    const start = sentence * WIDTH;
    const length = rows[start]!;
    for (let index = 0; index < WIDTH; index++) sums[index]! += weight * rows[start + index]!;
    for (let order = 0; order < 4; order++) sums[WIDTH + order]! += weight * Math.max(0, length - order);
  }
  return metric.score(sums).score;
}

/**
 * P(|T| ≥ |t|) of Student's t distribution, by its finite series for whole degrees of freedom (Abramowitz and Stegun,
 * 26.7.3 and 26.7.4).
 */
export function studentTwoSided(t: number, degrees: number): number {
  if (!Number.isFinite(t)) return Number.isNaN(t) ? 1 : 0; // NaN: no difference and no deviation
  const angle = Math.atan(Math.abs(t) / Math.sqrt(degrees));
  const cosine = Math.cos(angle);
  const isOdd = degrees % 2 === 1;
  let term = isOdd ? cosine : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k < degrees; k += 2) {
    term *= (cosine * cosine * (k - 1)) / k;
    sum += term;
  }
  const within = isOdd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
  return Math.max(0, 1 - within);
}

/** Holm's correction of several tests: p-values that may be compared with 0.05, in the order of `values`. */
export function holm(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => values[a]! - values[b]!);
  const corrected = new Array<number>(values.length);
  let highest = 0;
  for (const [rank, index] of order.entries()) {
    highest = Math.max(highest, Math.min(1, (values.length - rank) * values[index]!));
    corrected[index] = highest;
  }
  return corrected;
}
