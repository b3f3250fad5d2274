/**
 * What the analyses need to know of the scores of each row, i.e. of one prediction: for translation one target token.
 * Symbols as in the paper: f are the scores (logits) of a row, y its true class, p = softmax(f).
 */
export interface ScoreRows {
  readonly rows: number;
  readonly classes: number;
  readonly target: Float64Array; // [rows], f_y
  readonly bestOther: Float64Array; // [rows], max over y′ ≠ y of f_y′
  readonly mean: Float64Array; // [rows], the mean of f over all classes
  readonly logSumExp: Float64Array; // [rows], log Σ_v exp f_v
  /** 1 if the class of the highest score is y; of equal scores the first class counts, as in argmax. */
  readonly isCorrect: Uint8Array; // [rows]
}

/** Reduces a table of scores to what the analyses need. @param logits [rows × classes] @param targets [rows] */
export function summarizeRows(logits: Float32Array, targets: Int32Array, classes: number): ScoreRows {
  const rows = targets.length;
  const summary = {
    rows,
    classes,
    target: new Float64Array(rows),
    bestOther: new Float64Array(rows),
    mean: new Float64Array(rows),
    logSumExp: new Float64Array(rows),
    isCorrect: new Uint8Array(rows),
  };
  for (let row = 0; row < rows; row++) {
    const scores = logits.subarray(row * classes, (row + 1) * classes);
    const y = targets[row]!;
    const target = scores[y]!;
    let bestOther = Number.NEGATIVE_INFINITY;
    let sum = 0;
    let isCorrect = true;
    for (let v = 0; v < classes; v++) {
      const score = scores[v]!;
      sum += score;
      if (v === y) continue;
      if (score > bestOther) bestOther = score;
      if (score > target || (score === target && v < y)) isCorrect = false;
    }
    const highest = Math.max(target, bestOther);
    let exponentials = 0;
    for (let v = 0; v < classes; v++) exponentials += Math.exp(scores[v]! - highest);
    summary.target[row] = target;
    summary.bestOther[row] = bestOther;
    summary.mean[row] = sum / classes;
    summary.logSumExp[row] = highest + Math.log(exponentials);
    summary.isCorrect[row] = Number(isCorrect);
  }
  return summary;
}

/** The rows of several summaries, one after another. */
export function joinRows(parts: readonly ScoreRows[]): ScoreRows {
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const joined = {
    rows,
    classes: parts[0]?.classes ?? 0,
    target: new Float64Array(rows),
    bestOther: new Float64Array(rows),
    mean: new Float64Array(rows),
    logSumExp: new Float64Array(rows),
    isCorrect: new Uint8Array(rows),
  };
  let start = 0;
  for (const part of parts) {
    for (const column of ['target', 'bestOther', 'mean', 'logSumExp', 'isCorrect'] as const) {
      joined[column].set(part[column], start);
    }
    start += part.rows;
  }
  return joined;
}

/** p_y of each row. */
export const targetProbabilities = ({ target, logSumExp }: ScoreRows): Float64Array =>
  target.map((score, row) => Math.exp(score - logSumExp[row]!));

/** The mean of −log p_y, in nats. */
export const meanNll = ({ rows, target, logSumExp }: ScoreRows): number =>
  target.reduce((sum, score, row) => sum + logSumExp[row]! - score, 0) / rows;

/** The share of rows whose class of the highest score is y. */
export const accuracyOf = ({ rows, isCorrect }: ScoreRows): number =>
  isCorrect.reduce((sum, value) => sum + value, 0) / rows;
