import * as tf from '../tf.js';
import { defineOp } from './define-op.js';

/**
 * y = activation(x · Wᵀ + b)
 *
 * Kernel `FusedLinear`: x [..., in], weight [out, in] (PyTorch's layout), bias [out], activation 'linear' | 'relu';
 * output y [..., out]. Kernel `FusedLinearGrad`: x, weight, bias, y, dy → dx, dWeight, dBias.
 */
const fusedLinear = defineOp<
  { x: tf.Tensor; weight: tf.Tensor2D; bias: tf.Tensor1D },
  { activation: 'linear' | 'relu' }
>({
  name: 'FusedLinear',
  composite: ({ x, weight, bias }, { activation }) => {
    const rows = tf.reshape(x, [-1, weight.shape[1]]);
    const sum = tf.add(tf.matMul(rows, weight, false, true), bias);
    const y = activation === 'relu' ? tf.relu(sum) : sum;
    return tf.reshape(y, [...x.shape.slice(0, -1), weight.shape[0]]);
  },
  gradient: {
    kernel: 'FusedLinearGrad',
    saveInputs: ['x', 'weight', 'bias'],
    outputs: ['y'],
    saveOutputs: ['y'],
    gradients: ['x', 'weight', 'bias'],
  },
});

/** An affine map over the last axis, with ReLU where asked: float32 [..., in] → [..., out]. */
export function linear<T extends tf.Tensor>(
  x: T,
  weight: tf.Tensor2D, // float32 [out, in]
  bias: tf.Tensor1D, // float32 [out]
  activation: 'linear' | 'relu' = 'linear',
): T {
  return fusedLinear({ x, weight, bias }, { activation }) as T;
}
