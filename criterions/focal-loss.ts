import { customGradient } from '../src/ops/custom-gradient.js';
import type { Criterion } from '../src/plugins/criterion.js';
import * as tf from '../src/tf/index.js';

/**
 * −(1−p)^γ·log p of each row. With a boundary φ, rows with p > φ have −log p + (1 − (1−φ)^γ)·log φ instead, which is
 * continuous at φ and has the slope of cross entropy.
 */
export function focalCriterion(gamma: number, phi: number | null): Criterion {
  return {
    paddingRows: 'drop',
    forward({ scores }) {
      const { targetLogProb } = scores.statistics();
      return {
        loss: tf.sum(focal(targetLogProb, gamma, phi)) as tf.Scalar,
        nll: tf.neg(tf.sum(targetLogProb)) as tf.Scalar,
      };
    },
  };
}

/** The loss of each row. The explicit derivative keeps the precision of 1 − p near p = 1. */
function focal(logProb: tf.Tensor1D, gamma: number, phi: number | null): tf.Tensor1D {
  return customGradient(
    logProb,
    (x) => value(x, gamma, phi) as tf.Tensor1D,
    (dy, x) => tf.mul(dy, derivative(x, gamma, phi)),
  );
}

/** 1 − p, as −expm1(log p) to keep its precision when p → 1. */
const rest = (logProb: tf.Tensor): tf.Tensor => tf.neg(tf.expm1(logProb));

function value(logProb: tf.Tensor, gamma: number, phi: number | null): tf.Tensor {
  const below = tf.neg(tf.mul(tf.pow(rest(logProb), gamma), logProb));
  if (phi === null) return below;
  const shift = (1 - (1 - phi) ** gamma) * Math.log(phi);
  return tf.where(tf.greater(tf.exp(logProb), phi), tf.sub(shift, logProb), below);
}

/** The derivative by log p: −(1−p)^γ · (1 − γ·p·log p / (1−p)), where log p / (1−p) → −1 as p → 1. */
function derivative(logProb: tf.Tensor, gamma: number, phi: number | null): tf.Tensor {
  const p = tf.exp(logProb);
  const left = rest(logProb);
  const isOne = tf.equal(left, 0);
  const ratio = tf.where(isOne, tf.fill(left.shape, -1), tf.div(logProb, tf.where(isOne, tf.onesLike(left), left)));
  const below = tf.neg(tf.mul(tf.pow(left, gamma), tf.sub(1, tf.mul(tf.mul(p, ratio), gamma))));
  return phi === null ? below : tf.where(tf.greater(p, phi), tf.fill(p.shape, -1), below);
}
