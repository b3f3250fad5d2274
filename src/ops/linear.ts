import * as tf from '../tf/index.js';
import { type Attributes, defineOp } from './define-op.js';

type Inputs = { x: tf.Tensor; weight: tf.Tensor2D; bias: tf.Tensor1D };

function compositeLinear({ x, weight, bias }: Inputs): tf.Tensor {
  const rows = tf.reshape(x, [-1, weight.shape[1]]);
  const sum = tf.add(tf.matMul(rows, weight, false, true), bias);
  return tf.reshape(sum, [...x.shape.slice(0, -1), weight.shape[0]]);
}

/**
 * y = x · Wᵀ + b
 *
 * Kernel `FusedLinear`: x [..., in], weight [out, in] (PyTorch's layout), bias [out] → y [..., out].
 * `FusedLinearGrad`: x, weight, bias, dy → dx, dWeight, dBias. It does not need y.
 */
const fusedLinear = defineOp<Inputs, Attributes>({
  name: 'FusedLinear',
  composite: compositeLinear,
  gradient: {
    kernel: 'FusedLinearGrad',
    saveInputs: ['x', 'weight', 'bias'],
    outputs: ['y'],
    saveOutputs: [],
    gradients: ['x', 'weight', 'bias'],
  },
});

/**
 * y = relu(x · Wᵀ + b). Kernel `FusedLinearRelu`; `FusedLinearReluGrad`: x, weight, bias, y, dy → dx, dWeight, dBias.
 */
const fusedLinearRelu = defineOp<Inputs, Attributes>({
  name: 'FusedLinearRelu',
  composite: (inputs) => tf.relu(compositeLinear(inputs)),
  gradient: {
    kernel: 'FusedLinearReluGrad',
    saveInputs: ['x', 'weight', 'bias'],
    outputs: ['y'],
    saveOutputs: ['y'],
    gradients: ['x', 'weight', 'bias'],
  },
});

/** An affine map over the last axis, optionally with ReLU: float32 [..., in] → [..., out]. */
export function linear<T extends tf.Tensor>(
  x: T,
  weight: tf.Tensor2D, // float32 [out, in]
  bias: tf.Tensor1D, // float32 [out]
  activation: 'linear' | 'relu' = 'linear',
): T {
  const op = activation === 'relu' ? fusedLinearRelu : fusedLinear;
  return op({ x, weight, bias }, {}) as T;
}
