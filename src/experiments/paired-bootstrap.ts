import { MersenneTwister } from '../data/mersenne-twister.js';
import { drawSentences, middle95, weightedBleu } from './significance.js';
import { STATISTICS_WIDTH } from './translation-result.js';

/** Two runs on one test set, compared by resampling its sentences. */
export interface BootstrapResult {
  readonly difference: number; // BLEU of the first less that of the second
  readonly interval: readonly [number, number]; // 95 %
  readonly p: number;
}

/**
 * Paired bootstrap resampling (Koehn 2004). As in sacrebleu, p is the share of resamples whose absolute difference, less the
 * mean of these, is larger than the difference of the runs: (1 + their number) / (1 + resamples).
 * @param a statistics of a run, [sentences × 6]
 * @param b of another run on the same sentences
 */
export function pairedBootstrap(
  a: Uint16Array,
  b: Uint16Array,
  { resamples = 1000, seed = 12345 } = {},
): BootstrapResult {
  const sentences = a.length / STATISTICS_WIDTH;
  const random = new MersenneTwister(seed);
  const bleuDifference = (weights: Uint16Array): number => weightedBleu(a, weights) - weightedBleu(b, weights);
  const difference = bleuDifference(new Uint16Array(sentences).fill(1));
  const drawn = Float64Array.from({ length: resamples }, () => bleuDifference(drawSentences(random, sentences)));
  const absolute = drawn.map(Math.abs);
  const mean = absolute.reduce((sum, value) => sum + value, 0) / resamples;
  const larger = absolute.filter((value) => value - mean > Math.abs(difference)).length;
  return { difference, interval: middle95(drawn), p: (1 + larger) / (1 + resamples) };
}
