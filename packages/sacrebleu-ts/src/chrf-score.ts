import { type Arithmetic, type MetricScore, roundingOf, type Statistics } from './metric.js';

/** A chrF score with its parameters. */
export interface ChrfScore extends MetricScore {
  readonly charOrder: number; // maximum length of character n-grams
  readonly wordOrder: number; // maximum length of word n-grams
  readonly beta: number; // weight of recall relative to precision
}

/** The value of an order without n-grams with `epsSmoothing`. */
const EPS = 1e-16;

/**
 * 100 · Fβ of precision and recall, each averaged over the orders for which both sides have n-grams; with `epsSmoothing`
 * the mean of Fβ over all orders.
 */
export function fScore(
  statistics: Statistics,
  { beta, epsSmoothing }: { readonly beta: number; readonly epsSmoothing: boolean },
  arithmetic: Arithmetic,
): number {
  const round = roundingOf(arithmetic);
  const factor = beta ** 2;
  const fOf = (precision: number, recall: number): number => {
    const denominator = round(round(round(factor) * precision) + recall);
    if (!(denominator > 0)) return EPS;
    return round(round(round(round(1 + factor) * precision) * recall) / denominator);
  };
  const orders = statistics.length / 3;
  let [sum, precisions, recalls, effectiveOrders] = [0, 0, 0, 0];
  for (let index = 0; index < statistics.length; index += 3) {
    const [ofHypothesis, ofReference, matches] = [statistics[index]!, statistics[index + 1]!, statistics[index + 2]!];
    const precision = ofHypothesis > 0 ? round(matches / ofHypothesis) : EPS;
    const recall = ofReference > 0 ? round(matches / ofReference) : EPS;
    if (epsSmoothing) sum = round(sum + round(fOf(precision, recall)));
    if (ofHypothesis > 0 && ofReference > 0) {
      precisions = round(precisions + precision);
      recalls = round(recalls + recall);
      effectiveOrders++;
    }
  }
  if (epsSmoothing) return round(round(100 * sum) / orders);
  if (effectiveOrders === 0 || precisions + recalls === 0) return 0;
  return round(100 * fOf(round(precisions / effectiveOrders), round(recalls / effectiveOrders)));
}
