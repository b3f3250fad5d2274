import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import { linear, linearGrad } from '../host/linear.js';
import { checkSize, tableSizes } from './checks.js';
import { floats, type GradientAttributes, kernel, tableShape } from './kernel.js';

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
    const y = backend.output([...x.shape.slice(0, -1), shape.outputs]);
    linear(backend, { ...floats(backend, { x, weight, bias, y }), ...shape, relu });
    return y;
  });

/** x, weight, bias, y (for ReLU), dy → dx, dWeight, dBias. */
const backward = (name: string, relu: boolean): KernelConfig =>
  kernel<'x' | 'weight' | 'bias' | 'y' | 'dy', GradientAttributes>(
    name,
    ({ inputs, attrs: { collected }, backend }) => {
      const { x, weight, bias, dy } = inputs;
      const y: TensorInfo = relu ? inputs.y : dy; // read only for ReLU
      const shape = checkLayer(x, weight, bias);
      checkSize('dy', dy, [shape.rows, shape.outputs]);
      checkSize('y', y, [shape.rows, shape.outputs]);
      const dx = backend.output(x.shape);
      const dWeight = backend.gradientOutput(weight, collected?.weight);
      const dBias = backend.gradientOutput(bias, collected?.bias);
      linearGrad(backend, {
        ...{ ...floats(backend, { x, weight, y, dy, dx }), ...shape, relu },
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
