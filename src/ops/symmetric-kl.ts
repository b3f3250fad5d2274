import * as tf from '../tf/index.js';
import { customGradient } from './custom-gradient.js';
import { logSoftmax } from './log-softmax.js';

/**
 * The divergence of two predictions of the same rows, (KL(p‖q) + KL(q‖p)) / 2 = ½ Σ_v (p_v − q_v)·d_v with
 * d_v = log p_v − log q_v. The logits of p precede those of q. The backward pass computes the probabilities again:
 *   ∂/∂z_u of p: ½ · (p_u·(d_u − Σ_v p_v·d_v) + p_u − q_u), and the same for q with p and q exchanged
 * @returns float32 [rows]
 */
export function symmetricKl(logits: tf.Tensor2D /* float32 [2 · rows, classes] */): tf.Tensor1D {
  return customGradient(logits, divergence, gradient);
}

interface Predictions {
  readonly p: tf.Tensor2D; // float32 [rows, classes]
  readonly q: tf.Tensor2D; // float32 [rows, classes]
  readonly difference: tf.Tensor2D; // log p − log q
}

function predictions(logits: tf.Tensor2D): Predictions {
  const [logP, logQ] = tf.split(logSoftmax(logits), 2) as [tf.Tensor2D, tf.Tensor2D];
  return { p: tf.exp(logP), q: tf.exp(logQ), difference: tf.sub(logP, logQ) };
}

function divergence(logits: tf.Tensor2D): tf.Tensor1D {
  const { p, q, difference } = predictions(logits);
  return tf.mul(tf.sum(tf.mul(tf.sub(p, q), difference), 1), 0.5);
}

function gradient(dy: tf.Tensor, logits: tf.Tensor2D): tf.Tensor2D {
  const { p, q, difference } = predictions(logits);
  const scale = tf.mul(tf.reshape(dy, [-1, 1]), 0.5);
  const ofLogits = (own: tf.Tensor2D, other: tf.Tensor2D, apart: tf.Tensor2D): tf.Tensor2D => {
    const klDivergence = tf.sum(tf.mul(own, apart), 1, true); // KL(own‖other)
    return tf.mul(scale, tf.add(tf.mul(own, tf.sub(apart, klDivergence)), tf.sub(own, other)));
  };
  return tf.concat([ofLogits(p, q, difference), ofLogits(q, p, tf.neg(difference))]);
}
