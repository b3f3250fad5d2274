import { formatFixed } from './python-text.js';

/** How n-gram precisions of zero are smoothed (Chen and Cherry 2014, aclanthology.org/W14-3346). */
export type SmoothMethod = 'none' | 'floor' | 'add-k' | 'exp';

/** Values that `floor` and `add-k` take when none is given. */
export const SMOOTH_DEFAULTS: Readonly<Record<SmoothMethod, number | null>> = {
  none: null,
  floor: 0.1,
  'add-k': 1,
  exp: null,
};

/** The sums that corpus BLEU is made of; those of two parts of a corpus add up to those of the whole. */
export interface BleuStatistics {
  readonly hypothesisLength: number; // words
  /** Of each segment's references, the length nearest to the hypothesis's. */
  readonly referenceLength: number; // words
  readonly correct: readonly number[]; // [order], n-grams that a reference has too, clipped by its count
  readonly total: readonly number[]; // [order], n-grams of the hypotheses
}

/** A score with all that sacrebleu prints of it. With `add-k`, counts and totals are the smoothed ones. */
export interface BleuScore {
  readonly score: number; // 0 … 100
  readonly counts: readonly number[]; // [order]
  readonly totals: readonly number[]; // [order]
  readonly precisions: readonly number[]; // [order], per cent, smoothed
  readonly brevityPenalty: number; // 0 … 1
  readonly ratio: number; // hypothesisLength / referenceLength
  readonly hypothesisLength: number;
  readonly referenceLength: number;
}

export interface Smoothing {
  readonly method: SmoothMethod;
  readonly value: number;
  /** Leave out the orders that no hypothesis is long enough for; what sentence BLEU needs. */
  readonly effectiveOrder: boolean;
}

/** Stands for log 0: as sacrebleu, low enough that the score becomes 0. */
const LOG_OF_ZERO = -9999999999;

/** BLEU of sums: BP · exp(mean of log precisions) (Papineni et al. 2002), smoothed. */
export function scoreStatistics(statistics: BleuStatistics, smoothing: Smoothing): BleuScore {
  const { hypothesisLength, referenceLength } = statistics;
  const { counts, totals, precisions, order } = smoothPrecisions(statistics, smoothing);
  const brevityPenalty = brevityPenaltyOf(hypothesisLength, referenceLength);
  const meanLog = precisions.slice(0, order).reduce((sum, p) => sum + (p === 0 ? LOG_OF_ZERO : Math.log(p)), 0) / order;
  return {
    score: counts.some((count) => count > 0) ? brevityPenalty * Math.exp(meanLog) : 0,
    counts,
    totals,
    precisions,
    brevityPenalty,
    ratio: referenceLength > 0 ? hypothesisLength / referenceLength : 0,
    hypothesisLength,
    referenceLength,
  };
}

/** exp(1 − r/c) for a corpus shorter than its references. */
function brevityPenaltyOf(hypothesisLength: number, referenceLength: number): number {
  if (hypothesisLength >= referenceLength) return 1;
  return hypothesisLength > 0 ? Math.exp(1 - referenceLength / hypothesisLength) : 0;
}

interface SmoothedPrecisions {
  readonly counts: number[];
  readonly totals: number[];
  readonly precisions: number[]; // per cent
  /** How many of the precisions enter the mean. */
  readonly order: number;
}

function smoothPrecisions({ correct, total }: BleuStatistics, smoothing: Smoothing): SmoothedPrecisions {
  const counts = [...correct];
  const totals = [...total];
  const precisions = counts.map(() => 0);
  let order = counts.length;
  // Nothing matches: smoothing must not make a score out of it.
  if (counts.every((count) => count === 0)) return { counts, totals, precisions, order };
  let exponential = 1;
  for (let index = 0; index < counts.length; index++) {
    if (smoothing.method === 'add-k' && index > 0) {
      counts[index]! += smoothing.value;
      totals[index]! += smoothing.value;
    }
    if (totals[index] === 0) break;
    if (smoothing.effectiveOrder) order = index + 1;
    if (counts[index]! > 0) {
      precisions[index] = (100 * counts[index]!) / totals[index]!;
    } else if (smoothing.method === 'exp') {
      exponential *= 2;
      precisions[index] = 100 / (exponential * totals[index]!);
    } else if (smoothing.method === 'floor') {
      precisions[index] = (100 * smoothing.value) / totals[index]!;
    }
  }
  return { counts, totals, precisions, order };
}

/**
 * The line that sacrebleu prints:
 * `BLEU = 33.96 50.2/39.4/34.4/29.1 (BP = 0.905 ratio = 0.909 hyp_len = 942 ref_len = 1036)`.
 * @param options.width decimals of the score
 * @param options.signature stands after the name: `BLEU|nrefs:1|… = 33.96 …`
 */
export function formatBleu(bleu: BleuScore, { width = 2, signature = '' } = {}): string {
  const name = signature === '' ? 'BLEU' : `BLEU|${signature}`;
  const precisions = bleu.precisions.map((precision) => formatFixed(precision, 1)).join('/');
  const penalty = `BP = ${formatFixed(bleu.brevityPenalty, 3)} ratio = ${formatFixed(bleu.ratio, 3)}`;
  const lengths = `hyp_len = ${bleu.hypothesisLength} ref_len = ${bleu.referenceLength}`;
  return `${name} = ${formatFixed(bleu.score, width)} ${precisions} (${penalty} ${lengths})`;
}
