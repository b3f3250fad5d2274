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

/** y = x · Wᵀ + b, negative values as 0 where `relu`: x [..., in], weight [out, in], bias [out] → y [..., out]. */
const forward = (name: string, relu: boolean): NativeKernel =>
  kernel<'x' | 'weight' | 'bias'>(
    name,
    ({ inputs: { x, weight, bias }, backend }) => {
      const { rows, columns, out } = checkLayer(x, weight, bias);
      const y = backend.output([...x.shape.slice(0, -1), out]);
      addon().linear(
        ...([backend.floats(x), backend.floats(weight), backend.floats(bias), backend.floats(y)] as const),
        ...([rows, columns, out, relu] as const),
      );
      return y;
    },
    ({ x, weight }) => 2 * sizeOf(x.shape) * weight.shape[0]!,
  );

/** x, weight, bias, with ReLU y, dy → dx, dWeight, dBias. */
const backward = (name: string, relu: boolean): NativeKernel =>
  kernel<'x' | 'weight' | 'bias' | 'y' | 'dy', GradientAttributes>(
    name,
    ({ inputs, attrs: { collected }, backend }) => {
      const { x, weight, bias, dy } = inputs;
      const y: TensorInfo = relu ? inputs.y : dy; // read for ReLU only
      const { rows, columns, out } = checkLayer(x, weight, bias);
      checkSize('dy', dy, [rows, out]);
      checkSize('y', y, [rows, out]);
      const dx = backend.output(x.shape);
      const dWeight = backend.gradientOutput(weight, collected?.weight);
      const dBias = backend.gradientOutput(bias, collected?.bias);
      addon().linearGrad(
        ...([backend.floats(x), backend.floats(weight), backend.floats(y), backend.floats(dy)] as const),
        ...([backend.floats(dx), dWeight.values, dBias.values] as const),
        ...([rows, columns, out, relu, dWeight.accumulate, dBias.accumulate] as const),
      );
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
