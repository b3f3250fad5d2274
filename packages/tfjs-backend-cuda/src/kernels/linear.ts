import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { linear, linearGrad } from '../host/linear.js';
import { checkSize, tableSizes } from './checks.js';
import {
  commonStorage,
  floats,
  type GradientAttributes,
  kernel,
  multiplied,
  multiplying,
  tableShape,
} from './kernel.js';

function checkLayer(x: TensorInfo, weight: TensorInfo, bias: TensorInfo) {
  const { rows, columns: inputs } = tableShape(x);
  const [outputs] = tableSizes('weight', weight);
  checkSize('weight', weight, [outputs, inputs]);
  checkSize('bias', bias, [outputs]);
  return { rows, inputs, outputs };
}

/** y = x · Wᵀ + b, with ReLU if `relu`: x [..., in], weight [out, in], bias [out] → y [..., out]. */
const forward = (name: string, relu: boolean): KernelConfig =>
  kernel<'x' | 'weight' | 'bias'>(name, ({ inputs: { x, weight, bias }, backend }) => {
    const shape = checkLayer(x, weight, bias);
    const y = multiplying(backend, [...x.shape.slice(0, -1), shape.outputs]);
    const storage = { x: backend.precision, weight: backend.precision, y: backend.precision };
    const addresses = { ...multiplied(backend, { x, weight }), ...floats(backend, { bias }) };
    linear(backend, { ...addresses, y: backend.storedAddress(y), ...shape, relu, storage });
    return y;
  });

/** x, weight, bias, y (for ReLU), dy → dx, dWeight, dBias. */
const backward = (name: string, relu: boolean): KernelConfig =>
  kernel<'x' | 'weight' | 'bias' | 'y' | 'dy', GradientAttributes>(
    name,
    ({ inputs, attrs: { collected }, backend }) => {
      const { x, weight, bias, dy } = inputs;
      const { precision } = backend;
      const y: TensorInfo = relu ? inputs.y : dy; // read only for ReLU
      const shape = checkLayer(x, weight, bias);
      checkSize('dy', dy, [shape.rows, shape.outputs]);
      checkSize('y', y, [shape.rows, shape.outputs]);
      const dx = multiplying(backend, x.shape);
      const gradient = commonStorage(backend, { y, dy });
      const dWeight = backend.gradientOutput(weight, collected?.weight);
      const dBias = backend.gradientOutput(bias, collected?.bias);
      linearGrad(backend, {
        ...{ ...multiplied(backend, { x, weight }), ...gradient.addresses, dx: backend.storedAddress(dx) },
        ...{ ...shape, relu, storage: { x: precision, weight: precision, dy: gradient.storage, dx: precision } },
        ...{ dWeight: dWeight.address, accumulateWeight: dWeight.accumulate },
        ...{ dBias: dBias.address, accumulateBias: dBias.accumulate },
      });
      return [dx, dWeight.info, dBias.info];
    },
  );

export const linearKernels: readonly KernelConfig[] = [
  forward('FusedLinear', false),
  backward('FusedLinearGrad', false),
  forward('FusedLinearRelu', true),
  backward('FusedLinearReluGrad', true),
];
