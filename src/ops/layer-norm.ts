import * as tf from '../tf/index.js';
import { type Attributes, defineOp } from './define-op.js';
import { compositeDropout } from './dropout.js';
import { type DropoutAttributes, type DropoutSpec, dropoutAttributes } from './random.js';

/** PyTorch's default ε. */
export const LAYER_NORM_EPSILON = 1e-5;

function compositeLayerNorm(x: tf.Tensor, gain: tf.Tensor1D, bias: tf.Tensor1D): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  const normalized = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, LAYER_NORM_EPSILON)));
  return tf.add(tf.mul(normalized, gain), bias);
}

/**
 * y = gain ∘ (x − mean) / √(variance + ε) + bias, over the last axis (biased variance).
 *
 * Kernel `FusedLayerNorm`: x [..., embed], gain [embed], bias [embed] → y, mean [rows], rstd [rows].
 * `FusedLayerNormGrad`: x, gain, bias, mean, rstd, dy → dx, dGain, dBias.
 */
const fusedLayerNorm = defineOp<{ x: tf.Tensor; gain: tf.Tensor1D; bias: tf.Tensor1D }, { epsilon: number }>({
  name: 'FusedLayerNorm',
  composite: ({ x, gain, bias }) => compositeLayerNorm(x, gain, bias),
  gradient: {
    kernel: 'FusedLayerNormGrad',
    saveInputs: ['x', 'gain', 'bias'],
    outputs: ['y', 'mean', 'rstd'],
    saveOutputs: ['mean', 'rstd'],
    gradients: ['x', 'gain', 'bias'],
  },
});

/**
 * y = layerNorm(residual + x ∘ mask): the end of a post-norm sublayer.
 *
 * Kernel `FusedDropoutAddLayerNorm`: x, residual [..., embed], gain, bias [embed] → y, mean [rows], rstd [rows]. With
 * `takesOver` it may write the sum, which is all that the gradient needs, to the memory of x.
 * `FusedDropoutAddLayerNormGrad`: x, residual, gain, bias, mean, rstd, dy → dx, dResidual, dGain, dBias.
 */
const fusedDropoutAddLayerNorm = defineOp<
  { x: tf.Tensor; residual: tf.Tensor; gain: tf.Tensor1D; bias: tf.Tensor1D },
  DropoutAttributes & { epsilon: number; takesOver: boolean } & Attributes
>({
  name: 'FusedDropoutAddLayerNorm',
  composite: ({ x, residual, gain, bias }, attributes) =>
    compositeLayerNorm(tf.add(residual, compositeDropout(x, attributes)), gain, bias),
  gradient: {
    kernel: 'FusedDropoutAddLayerNormGrad',
    saveInputs: ['x', 'residual', 'gain', 'bias'],
    outputs: ['y', 'mean', 'rstd'],
    saveOutputs: ['mean', 'rstd'],
    gradients: ['x', 'residual', 'gain', 'bias'],
  },
});

/** Layer normalisation over the last axis: float32 [..., embed]. */
export function layerNorm<T extends tf.Tensor>(x: T, gain: tf.Tensor1D, bias: tf.Tensor1D): T {
  return fusedLayerNorm({ x, gain, bias }, { epsilon: LAYER_NORM_EPSILON }) as T;
}

/** layerNorm(residual + dropout(x)): float32 [..., embed]. With `takesOver` the kernel may overwrite x. */
export function dropoutAddLayerNorm<T extends tf.Tensor>(
  x: T,
  residual: T,
  gain: tf.Tensor1D,
  bias: tf.Tensor1D,
  { dropout, takesOver = false }: { readonly dropout: DropoutSpec | null; readonly takesOver?: boolean },
): T {
  const attributes = { ...dropoutAttributes(dropout), epsilon: LAYER_NORM_EPSILON, takesOver };
  return fusedDropoutAddLayerNorm({ x, residual, gain, bias }, attributes) as T;
}
