import { gradients } from '../ops/gradients.js';
import { logitScores } from '../ops/row-scores.js';
import type { Criterion } from '../plugins/criterion.js';
import type { Classifier } from '../plugins/model.js';
import * as tf from '../tf/index.js';
import { joinRows, type ScoreRows, summarizeRows } from './score-rows.js';

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
      parts.push(summarizeRows((await logits.data()) as Float32Array, chunkTargets, classes));
      for (const [index, criterion] of criterions.entries()) {
        useDevice();
        targetGradients[index]!.set(await gradientsAtTargets(criterion, logits, chunkTargets, epoch), start);
      }
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
 */
export async function gradientsAtTargets(
  criterion: Criterion,
  logits: tf.Tensor2D,
  targets: Int32Array,
  epoch: number,
): Promise<Float32Array> {
  const classes = logits.shape[1];
  const atTargets = tf.tidy(() => {
    const rowTargets = tf.tensor1d(targets, 'int32');
    const lossOf = (): tf.Scalar => {
      const scores = logitScores(logits, rowTargets);
      return criterion.forward({ scores, targets: rowTargets, counts: null, epoch, passes: 1 }).loss;
    };
    const [byLogits] = gradients(lossOf, [logits]).grads;
    const places = Int32Array.from(targets, (target, row) => row * classes + target);
    return tf.gather(tf.reshape(byLogits!, [-1]), tf.tensor1d(places, 'int32'));
  });
  try {
    return (await atTargets.data()).slice() as Float32Array; // the device frees the memory of its own array
  } finally {
    atTargets.dispose();
  }
}
