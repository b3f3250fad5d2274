import { addon } from '../addon.js';
import { checkSize, kernel, sizeOf, tableShape } from './kernel.js';

interface LinearAttributes {
  readonly activation: 'linear' | 'relu';
}

/** y = activation(x · Wᵀ + b): x [..., in], weight [out, in], bias [out] → y [..., out]. */
const fusedLinear = kernel<'x' | 'weight' | 'bias', LinearAttributes>(
  'FusedLinear',
  ({ inputs, attrs, backend }) => {
    const { x, weight, bias } = inputs;
    const { rows, columns } = tableShape(x);
    const out = weight.shape[0]!;
    checkSize('weight', weight, [out, columns]);
    checkSize('bias', bias, [out]);
    const y = backend.output([...x.shape.slice(0, -1), out]);
    addon().linear(
      ...([backend.floats(x), backend.floats(weight), backend.floats(bias), backend.floats(y)] as const),
      ...([rows, columns, out, attrs.activation === 'relu'] as const),
    );
    return y;
  },
  ({ x, weight }) => 2 * sizeOf(x.shape) * weight.shape[0]!,
);

/** x, weight, bias, y, dy → dx, dWeight, dBias. */
const fusedLinearGrad = kernel<'x' | 'weight' | 'bias' | 'y' | 'dy', LinearAttributes>(
  'FusedLinearGrad',
  ({ inputs, attrs, backend }) => {
    const { x, weight, bias, y, dy } = inputs;
    const { rows, columns } = tableShape(x);
    const out = weight.shape[0]!;
    checkSize('dy', dy, [rows, out]);
    const dx = backend.output(x.shape);
    const dWeight = backend.gradientOutput(weight);
    const dBias = backend.gradientOutput(bias);
    addon().linearGrad(
      ...([backend.floats(x), backend.floats(weight), backend.floats(y), backend.floats(dy)] as const),
      ...([backend.floats(dx), dWeight.values, dBias.values] as const),
      ...([rows, columns, out, attrs.activation === 'relu', dWeight.accumulate, dBias.accumulate] as const),
    );
    return [dx, dWeight.info, dBias.info];
  },
  ({ x, weight }) => 4 * sizeOf(x.shape) * weight.shape[0]!,
);

export const linearKernels = [fusedLinear, fusedLinearGrad];
