import type { ConfidenceInterval, Metric, Statistics } from '../metric.js';
import type { References } from '../references.js';
import { numpyMean } from './mean.js';
import { type BootstrapOptions, DEFAULT_SEED, generatorOf, intervalOf, resampledScores } from './resample.js';

/** The translations of one system. */
export interface System {
  readonly name: string; // heads its row or column in tables
  readonly hypotheses: readonly string[]; // [segments]
}

/** The result of one system in a paired test. */
export interface PairedResult {
  readonly score: number; // of the whole corpus
  /** The probability of a difference from the baseline at least as large by chance; null for the baseline itself. */
  readonly pValue: number | null;
  /** Null under approximate randomization. */
  readonly interval: ConfidenceInterval | null;
}

/** Options of approximate randomization; the comments give the defaults. */
export interface RandomizationOptions {
  readonly trials?: number; // 10000
  readonly seed?: BootstrapOptions['seed']; // 12345
}

/** A system's statistics for a metric, and its score. */
interface Measured {
  readonly statistics: readonly Statistics[]; // [segments]
  readonly score: number;
}

/**
 * Compares systems with the first one, the baseline, by paired bootstrap resampling (Koehn 2004) as
 * `sacrebleu --paired-bs` does.
 * @returns results by system for one metric, in the order of the systems
 */
export function pairedBootstrap(
  systems: readonly System[],
  metric: Metric,
  references: References,
  options: BootstrapOptions = {},
): PairedResult[] {
  // All systems use the same resamples. Without a seed, one is chosen here.
  const { samples = 1000, seed = DEFAULT_SEED } = options;
  const drawing = { samples, seed: seed ?? Math.floor(Math.random() * 2 ** 52) };
  let baseline: Measured | null = null;
  let baselineScores: Float64Array | Float32Array | null = null;
  return systems.map(({ hypotheses }) => {
    const system = measure(metric, hypotheses, references);
    const scores = resampledScores(metric, system.statistics, drawing);
    const interval = intervalOf(scores);
    if (baseline === null || baselineScores === null) {
      [baseline, baselineScores] = [system, scores];
      return { score: system.score, pValue: null, interval };
    }
    const pValue = bootstrapPValue(scores, baselineScores, Math.abs(baseline.score - system.score));
    return { score: system.score, pValue, interval };
  });
}

/** The number of resamples whose difference, minus the mean difference, exceeds that of the systems. */
function bootstrapPValue(
  scores: Float64Array | Float32Array,
  baselineScores: Float64Array | Float32Array,
  difference: number,
): number {
  const differences = scores.map((score, sample) => score - baselineScores[sample]!).map(Math.abs);
  const mean = numpyMean(differences);
  return pValueOf(
    differences.map((value) => value - mean),
    differences instanceof Float32Array ? Math.fround(difference) : difference,
  );
}

/**
 * Compares systems with the first one, the baseline, by approximate randomization (Riezler and Maxwell 2005) as
 * `sacrebleu --paired-ar` does: how often do two systems differ by more after swapping half of their segments at random?
 * @returns results by system for one metric, in the order of the systems
 */
export function approximateRandomization(
  systems: readonly System[],
  metric: Metric,
  references: References,
  { trials = 10000, seed = DEFAULT_SEED }: RandomizationOptions = {},
): PairedResult[] {
  let baseline: Measured | null = null;
  return systems.map(({ hypotheses }) => {
    const system = measure(metric, hypotheses, references);
    if (baseline === null) {
      baseline = system;
      return { score: system.score, pValue: null, interval: null };
    }
    const differences = shuffledDifferences(metric, baseline, system, trials, seed);
    return {
      score: system.score,
      pValue: pValueOf(differences, Math.abs(baseline.score - system.score)),
      interval: null,
    };
  });
}

/** Per trial: the absolute difference of two systems after randomly exchanging their segments. */
function shuffledDifferences(
  metric: Metric,
  baseline: Measured,
  system: Measured,
  trials: number,
  seed: bigint | number | null,
): Float64Array {
  const random = generatorOf(seed);
  const width = metric.noStatistics().length;
  const rows = baseline.statistics.map((row, segment) => Float64Array.of(...row, ...system.statistics[segment]!));
  const absolute = new Float64Array(trials);
  for (let trial = 0; trial < trials; trial++) {
    const [kept, swapped] = [new Float64Array(2 * width), new Float64Array(2 * width)];
    for (const row of rows) {
      const sums = random.boolean() ? kept : swapped;
      for (let column = 0; column < row.length; column++) sums[column]! += row[column]!;
    }
    // Summed in numpy's order, so that fractions (TER's mean reference lengths) are equal.
    const scoreOf = (first: Float64Array, second: Float64Array): number => {
      const sums = Array.from({ length: width }, (_, column) => first[column]! + second[width + column]!);
      return metric.score(sums, metric.numpyTypes.sums).score;
    };
    absolute[trial] = Math.abs(scoreOf(kept, swapped) - scoreOf(swapped, kept));
  }
  return absolute;
}

function measure(metric: Metric, hypotheses: readonly string[], references: References): Measured {
  const statistics = metric.statisticsOfSegments(hypotheses, references);
  return { statistics, score: metric.score(totalOf(metric, statistics)).score };
}

function totalOf(metric: Metric, statistics: readonly Statistics[]): number[] {
  const sums = [...metric.noStatistics()];
  for (const row of statistics) for (let column = 0; column < sums.length; column++) sums[column]! += row[column]!;
  return sums;
}

/** (c + 1) / (n + 1), where c of n differences exceed the observed one. */
function pValueOf(values: Float64Array | Float32Array, seen: number): number {
  let count = 0;
  for (const value of values) if (value > seen) count++;
  return (count + 1) / (values.length + 1);
}
