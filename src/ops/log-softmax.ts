import * as tf from '../tf/index.js';
import { hasKernel, runKernel } from './define-op.js';

/**
 * log p over the classes of each row, with full float32 precision when one p → 1. With s = Σ exp(z_v − max) over all
 * classes except the top one, log p_v = z_v − max − log1p(s) and 1 − p_top = s / (1 + s). tfjs computes log(1 + s),
 * which loses s.
 *   ∂/∂z_v = dy_v − p_v · Σ dy, and for the top class dy_top · (1 − p_top) − p_top · Σ_{v ≠ top} dy_v
 */
export function logSoftmax(logits: tf.Tensor2D /* float32 [rows, classes] */): tf.Tensor2D {
  const evaluate = tf.customGrad((x, save) => {
    const { logProbs, isTop, others } = forward(x as tf.Tensor2D);
    (save as tf.GradSaveFunc)([logProbs, isTop, others]);
    return {
      value: logProbs,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.tidy(() => backward(dy, saved[0]!, saved[1]!, saved[2]!)),
    };
  });
  return evaluate(logits) as tf.Tensor2D;
}

function forward(logits: tf.Tensor2D): { logProbs: tf.Tensor; isTop: tf.Tensor; others: tf.Tensor } {
  const isTop = tf.cast(tf.oneHot(tf.argMax(logits, 1), logits.shape[1]), 'float32'); // [rows, classes]
  const shifted = tf.sub(logits, tf.max(logits, 1, true));
  const others = tf.sum(tf.mul(tf.exp(shifted), tf.sub(1, isTop)), 1, true); // s: [rows, 1]
  return { logProbs: tf.sub(shifted, tf.log1p(others)), isTop, others };
}

function backward(dy: tf.Tensor, logProbs: tf.Tensor, isTop: tf.Tensor, others: tf.Tensor): tf.Tensor {
  const ofTop = tf.mul(dy, isTop);
  const sumOfTop = tf.sum(ofTop, 1, true);
  const sumOfOthers = tf.sum(tf.sub(dy, ofTop), 1, true);
  const p = tf.exp(logProbs);
  const plain = tf.sub(dy, tf.mul(p, tf.add(sumOfTop, sumOfOthers)));
  const top = tf.sub(tf.mul(sumOfTop, tf.div(others, tf.add(others, 1))), tf.mul(p, sumOfOthers));
  return tf.add(plain, tf.mul(isTop, tf.sub(top, plain)));
}

/** log p without a gradient, for search. The kernel needs one pass, tfjs's operation five. */
export function logProbabilities(logits: tf.Tensor2D /* float32 [rows, classes] */): tf.Tensor2D {
  if (!hasKernel('LogSoftmax')) return tf.logSoftmax(logits);
  return runKernel('LogSoftmax', { logits }, { axis: -1 })[0] as tf.Tensor2D;
}
