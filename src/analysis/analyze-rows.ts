import { gradients } from '../ops/gradients.js';
import type { Criterion } from '../plugins/criterion.js';
import type { Classifier } from '../plugins/model.js';
import * as tf from '../tf/index.js';
import { joinRows, type ScoreRows, summarizeRows } from './score-rows.js';
import { shiftedScores } from './shifted-scores.js';

/** What is known of rows after one pass over their scores. */
export interface AnalyzedRows {
  readonly scores: ScoreRows;
  /** ∂L/∂f_y of each criterion, [criterions][rows]. */
  readonly targetGradients: readonly Float32Array[];
}

/** Elements of the table of scores that are computed at a time: 16 MiB. */
const TABLE_ELEMENTS = 1 << 22;

/**
 * Computes the scores of a linear classifier, a chunk of rows at a time, and reduces each chunk.
 * @param targets [rows]
 * @param epoch 1-based, for criterions with a schedule
 * @param useDevice makes the classifier's device current, after every `await`
 * @param chunkRows rows of a chunk
 */
export async function analyzeRows(
  { features, weights }: Classifier,
  targets: Int32Array,
  criterions: readonly Criterion[],
  epoch: number,
  useDevice: () => void,
  chunkRows = Math.max(1, Math.floor(TABLE_ELEMENTS / weights.shape[0])),
): Promise<AnalyzedRows> {
  const classes = weights.shape[0];
  const parts: ScoreRows[] = [];
  const targetGradients = criterions.map(() => new Float32Array(targets.length));
  for (let start = 0; start < targets.length; start += chunkRows) {
    const chunkTargets = targets.subarray(start, start + chunkRows);
    useDevice();
    const logits: tf.Tensor2D = tf.tidy(() => {
      const rows = tf.slice(features, [start, 0], [chunkTargets.length, features.shape[1]]);
      return tf.matMul(rows, weights, false, true);
    });
    try {
      const scores = summarizeRows((await logits.data()) as Float32Array, chunkTargets, classes);
      for (const [index, criterion] of criterions.entries()) {
        useDevice();
        targetGradients[index]!.set(await gradientsAtTargets(criterion, logits, chunkTargets, scores, epoch), start);
      }
      parts.push(scores);
    } finally {
      logits.dispose();
    }
  }
  return { scores: joinRows(parts), targetGradients };
}

/**
 * ∂L/∂f_y of each row, by automatic differentiation. A criterion that scores padding counts all rows here.
 * @param logits float32 [rows, classes]
 * @param targets [rows]
 * @param scores of the same rows
 */
export async function gradientsAtTargets(
  criterion: Criterion,
  logits: tf.Tensor2D,
  targets: Int32Array,
  scores: ScoreRows,
  epoch: number,
): Promise<Float32Array> {
  const gradient = tf.tidy(() => {
    const rowTargets = tf.tensor1d(targets, 'int32');
    const shift = tf.zeros([targets.length]) as tf.Tensor1D;
    const lossOf = (): tf.Scalar => {
      const shifted = shiftedScores(logits, rowTargets, scores, shift);
      return criterion.forward({ scores: shifted, targets: rowTargets, counts: null, epoch, passes: 1 }).loss;
    };
    return gradients(lossOf, [shift]).grads[0]!;
  });
  try {
    return (await gradient.data()).slice() as Float32Array; // the device frees the memory of its own array
  } finally {
    gradient.dispose();
  }
}
