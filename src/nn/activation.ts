import * as tf from '../tf/index.js';

/** The values of fairseq's `--activation-fn`. */
export const ACTIVATIONS = ['relu', 'gelu', 'gelu_accurate', 'gelu_fast', 'linear', 'swish', 'tanh'] as const;
/** The name of an activation function. */
export type Activation = (typeof ACTIVATIONS)[number];

/** x · Φ(x), where Φ is the cumulative distribution function of the standard normal distribution. */
const gelu = (x: tf.Tensor): tf.Tensor => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.div(x, Math.SQRT2)), 1));

/** The approximation of GELU with tanh (Hendrycks and Gimpel 2016). */
const tanhGelu = (x: tf.Tensor): tf.Tensor => {
  const inner = tf.mul(tf.add(x, tf.mul(tf.pow(x, 3), 0.044715)), Math.sqrt(2 / Math.PI));
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
};

const FUNCTIONS: Readonly<Record<Exclude<Activation, 'relu' | 'linear'>, (x: tf.Tensor) => tf.Tensor>> = {
  gelu,
  gelu_accurate: tanhGelu,
  gelu_fast: tanhGelu,
  swish: (x) => tf.mul(x, tf.sigmoid(x)),
  tanh: (x) => tf.tanh(x),
};

/** Applies an activation function that is not part of the fused linear operation. */
export function activate<T extends tf.Tensor>(x: T, activation: Exclude<Activation, 'relu' | 'linear'>): T {
  return FUNCTIONS[activation](x) as T;
}
