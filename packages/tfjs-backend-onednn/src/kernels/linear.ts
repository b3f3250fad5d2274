import type { TensorInfo } from '@tensorflow/tfjs-core';
import { addon } from '../addon.js';
import { checkSize, tableSizes } from './checks.js';
import { type GradientAttributes, kernel, type NativeKernel, sizeOf, tableShape } from './kernel.js';

function checkLayer(x: TensorInfo, weight: TensorInfo, bias: TensorInfo) {
  const table = tableShape(x);
  const [out] = tableSizes('weight', weight);
  checkSize('weight', weight, [out, table.columns]);
  checkSize('bias', bias, [out]);
  return { ...table, out };
}

/** y = x · Wᵀ + b, with ReLU if `relu`: x [..., in], weight [out, in], bias [out] → y [..., out]. */
const forward = (name: string, relu: boolean): NativeKernel =>
  kernel<'x' | 'weight' | 'bias'>(
    name,
    ({ inputs: { x, weight, bias }, backend }) => {
      const { rows, columns, out } = checkLayer(x, weight, bias);
      const y = backend.output([...x.shape.slice(0, -1), out]);
      addon().linear({
        ...{ x: backend.floats(x), weight: backend.floats(weight), bias: backend.floats(bias), y: backend.floats(y) },
        ...{ rows, inputs: columns, outputs: out, relu },
      });
      return y;
    },
    ({ x, weight }) => 2 * sizeOf(x.shape) * weight.shape[0]!,
  );

/** x, weight, bias, y (for ReLU), dy → dx, dWeight, dBias. */
const backward = (name: string, relu: boolean): NativeKernel =>
  kernel<'x' | 'weight' | 'bias' | 'y' | 'dy', GradientAttributes>(
    name,
    ({ inputs, attrs: { collected }, backend }) => {
      const { x, weight, bias, dy } = inputs;
      const y: TensorInfo = relu ? inputs.y : dy; // read only for ReLU
      const { rows, columns, out } = checkLayer(x, weight, bias);
      checkSize('dy', dy, [rows, out]);
      checkSize('y', y, [rows, out]);
      const dx = backend.output(x.shape);
      const dWeight = backend.gradientOutput(weight, collected?.weight);
      const dBias = backend.gradientOutput(bias, collected?.bias);
      addon().linearGrad({
        ...{ x: backend.floats(x), weight: backend.floats(weight), y: backend.floats(y), dy: backend.floats(dy) },
        ...{ dx: backend.floats(dx), rows, inputs: columns, outputs: out, relu },
        ...{ dWeight: dWeight.values, accumulateWeight: dWeight.accumulate },
        ...{ dBias: dBias.values, accumulateBias: dBias.accumulate },
      });
      return [dx, dWeight.info, dBias.info];
    },
    ({ x, weight }) => 4 * sizeOf(x.shape) * weight.shape[0]!,
  );

export const linearKernels = [
  forward('FusedLinear', false),
  backward('FusedLinearGrad', false),
  forward('FusedLinearRelu', true),
  backward('FusedLinearReluGrad', true),
];
