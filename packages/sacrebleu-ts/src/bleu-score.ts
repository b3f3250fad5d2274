import { exp, log } from './exact-math.js';
import { type Arithmetic, type MetricScore, roundingOf, type Statistics } from './metric.js';
import { formatFixed } from './python-text.js';

/** How n-gram precisions of zero are smoothed (Chen and Cherry 2014, aclanthology.org/W14-3346). */
export type SmoothMethod = 'none' | 'floor' | 'add-k' | 'exp';

/** Default values of `floor` and `add-k`. */
export const SMOOTH_DEFAULTS: Readonly<Record<SmoothMethod, number | null>> = {
  none: null,
  floor: 0.1,
  'add-k': 1,
  exp: null,
};

/** A BLEU score with everything that sacrebleu prints. With `add-k`, counts and totals are smoothed. */
export interface BleuScore extends MetricScore {
  readonly counts: readonly number[]; // [order]
  readonly totals: readonly number[]; // [order]
  readonly precisions: readonly number[]; // [order], per cent, smoothed
  readonly brevityPenalty: number; // 0 … 1
  readonly ratio: number; // hypothesisLength / referenceLength
  readonly hypothesisLength: number; // tokens
  readonly referenceLength: number; // tokens of the closest references
}

export interface Smoothing {
  readonly method: SmoothMethod;
  readonly value: number;
  /** Ignore orders for which no hypothesis is long enough; needed for sentence BLEU. */
  readonly effectiveOrder: boolean;
}

/** Used for log 0, as in sacrebleu: low enough that the score becomes 0. */
const LOG_OF_ZERO = -9999999999;

/** BLEU from summed statistics: BP · exp(mean of log precisions) (Papineni et al. 2002), smoothed. */
export function scoreStatistics(statistics: Statistics, smoothing: Smoothing, arithmetic: Arithmetic): BleuScore {
  const [hypothesisLength, referenceLength] = [statistics[0]!, statistics[1]!];
  const { counts, totals, precisions, order } = smoothPrecisions(statistics, smoothing, arithmetic);
  const brevityPenalty = brevityPenaltyOf(hypothesisLength, referenceLength);
  const meanLog = precisions.slice(0, order).reduce((sum, p) => sum + (p === 0 ? LOG_OF_ZERO : log(p)), 0) / order;
  const score = counts.some((count) => count > 0) ? brevityPenalty * exp(meanLog) : 0;
  const ratio = referenceLength > 0 ? hypothesisLength / referenceLength : 0;
  const parts = { counts, totals, precisions, brevityPenalty, ratio, hypothesisLength, referenceLength };
  return { name: 'BLEU', score, ...parts, details: detailsOf(parts) };
}

/** exp(1 − r/c) for a corpus shorter than its references. */
function brevityPenaltyOf(hypothesisLength: number, referenceLength: number): number {
  if (hypothesisLength >= referenceLength) return 1;
  return hypothesisLength > 0 ? exp(1 - referenceLength / hypothesisLength) : 0;
}

interface SmoothedPrecisions {
  readonly counts: number[];
  readonly totals: number[];
  readonly precisions: number[]; // per cent
  /** The number of precisions in the mean. */
  readonly order: number;
}

function smoothPrecisions(statistics: Statistics, smoothing: Smoothing, arithmetic: Arithmetic): SmoothedPrecisions {
  let order = (statistics.length - 2) / 2;
  const counts = statistics.slice(2, 2 + order);
  const totals = statistics.slice(2 + order);
  const precisions = counts.map(() => 0);
  // Without any match the score stays 0, regardless of smoothing.
  if (counts.every((count) => count === 0)) return { counts, totals, precisions, order };
  const round = roundingOf(arithmetic);
  const store = arithmetic === 'int64' ? Math.trunc : round;
  let exponential = 1;
  for (let index = 0; index < counts.length; index++) {
    if (smoothing.method === 'add-k' && index > 0) {
      counts[index] = store(counts[index]! + round(smoothing.value));
      totals[index] = store(totals[index]! + round(smoothing.value));
    }
    const total = totals[index]!;
    if (total === 0) break;
    if (smoothing.effectiveOrder) order = index + 1;
    if (counts[index]! > 0) {
      precisions[index] = round(round(100 * counts[index]!) / total);
    } else if (smoothing.method === 'exp') {
      exponential *= 2;
      precisions[index] = round(100 / round(exponential * total));
    } else if (smoothing.method === 'floor') {
      precisions[index] = round(round(100 * smoothing.value) / total);
    }
  }
  return { counts, totals, precisions, order };
}

/** `50.2/39.4/34.4/29.1 (BP = 0.905 ratio = 0.909 hyp_len = 942 ref_len = 1036)` */
function detailsOf(bleu: Omit<BleuScore, keyof MetricScore>): string {
  const precisions = bleu.precisions.map((precision) => formatFixed(precision, 1)).join('/');
  const penalty = `BP = ${formatFixed(bleu.brevityPenalty, 3)} ratio = ${formatFixed(bleu.ratio, 3)}`;
  return `${precisions} (${penalty} hyp_len = ${bleu.hypothesisLength} ref_len = ${bleu.referenceLength})`;
}
