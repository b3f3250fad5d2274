import type { ScoreRows } from './score-rows.js';

/** One bin of a reliability diagram. */
export interface ReliabilityBin {
  readonly rows: number;
  readonly confidence: number; // the mean of max p
  readonly accuracy: number; // the share of rows whose class of the highest score is y
}

/** How well the confidence of predictions matches their accuracy. */
export interface Calibration {
  readonly accuracy: number;
  readonly confidence: number;
  /** Expected calibration error, Σ over bins of (rows in the bin / rows) · |accuracy − confidence|, by kind of bins. */
  readonly error: { readonly width10: number; readonly width15: number; readonly mass15: number };
  /** The bins behind `error`; empty ones are left out. */
  readonly bins: {
    /** 10 bins of equal width over confidence, as in the authors' code. */
    readonly width10: readonly ReliabilityBin[];
    /** 15 bins of equal width. */
    readonly width15: readonly ReliabilityBin[];
    /** 15 bins with equally many rows. */
    readonly mass15: readonly ReliabilityBin[];
  };
}

/** How well the confidence max p of each row says how often the prediction is right. */
export function calibrationOf(rows: ScoreRows): Calibration {
  const confidences = rows.target.map((score, row) =>
    Math.exp(Math.max(score, rows.bestOther[row]!) - rows.logSumExp[row]!),
  );
  const order = Uint32Array.from(confidences.keys()).sort((a, b) => confidences[a]! - confidences[b]!);
  const binsOf = (binOf: (row: number, rank: number) => number): ReliabilityBin[] =>
    reliability(rows.isCorrect, confidences, order, binOf);
  const width = (bins: number): ReliabilityBin[] => binsOf((row) => binOfWidth(confidences[row]!, bins));
  const bins = {
    width10: width(10),
    width15: width(15),
    mass15: binsOf((_, rank) => Math.floor((rank * 15) / rows.rows)),
  };
  const mean = (values: Float64Array | Uint8Array): number =>
    (values as Float64Array).reduce((sum, value) => sum + value, 0) / rows.rows;
  return {
    accuracy: mean(rows.isCorrect),
    confidence: mean(confidences),
    error: { width10: errorOf(bins.width10), width15: errorOf(bins.width15), mass15: errorOf(bins.mass15) },
    bins,
  };
}

/**
 * The bin of a confidence among bins of equal width. A confidence of exactly i / bins belongs to the bin that it ends, as in
 * the authors' code: (low, high].
 */
export const binOfWidth = (confidence: number, bins: number): number => Math.max(0, Math.ceil(confidence * bins) - 1);

function reliability(
  isCorrect: Uint8Array,
  confidences: Float64Array,
  order: Uint32Array,
  binOf: (row: number, rank: number) => number,
): ReliabilityBin[] {
  const sums = new Map<number, { rows: number; confidence: number; correct: number }>();
  for (const [rank, row] of order.entries()) {
    const bin = binOf(row, rank);
    const sum = sums.get(bin) ?? { rows: 0, confidence: 0, correct: 0 };
    sums.set(bin, sum);
    sum.rows++;
    sum.confidence += confidences[row]!;
    sum.correct += isCorrect[row]!;
  }
  return [...sums.values()].map(({ rows, confidence, correct }) => ({
    rows,
    confidence: confidence / rows,
    accuracy: correct / rows,
  }));
}

function errorOf(bins: readonly ReliabilityBin[]): number {
  const total = bins.reduce((sum, { rows }) => sum + rows, 0);
  return bins.reduce(
    (sum, { rows, accuracy, confidence }) => sum + (rows / total) * Math.abs(accuracy - confidence),
    0,
  );
}
