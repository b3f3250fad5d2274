import type { TensorInfo } from '@tensorflow/tfjs-core';
import { addon } from '../addon.js';
import type { OneDnnBackend } from '../backend.js';
import { checkSize, type DropoutAttributes, dropoutArguments, kernel, tableShape } from './kernel.js';

interface LayerNormAttributes {
  readonly epsilon: number;
}

const NO_DROPOUT: DropoutAttributes = {
  dropoutProbability: 0,
  dropoutSeed: 0,
  dropoutUpdate: 0,
  dropoutMicroBatch: 0,
  dropoutSite: 0,
};

interface Parts {
  readonly x: TensorInfo;
  readonly gain: TensorInfo;
  readonly bias: TensorInfo;
}

/** y, mean and rstd of x, or of sum = residual + x ∘ mask, which is written where there is a residual. */
function forward(
  { x, gain, bias }: Parts,
  added: { readonly residual: TensorInfo; readonly sum: TensorInfo } | null,
  attrs: LayerNormAttributes & DropoutAttributes,
  backend: OneDnnBackend,
): TensorInfo[] {
  const { rows, columns } = tableShape(x);
  checkSize('gain', gain, [columns]);
  checkSize('bias', bias, [columns]);
  const y = backend.output(x.shape);
  const mean = backend.output([rows]);
  const rstd = backend.output([rows]);
  addon().layerNorm(
    ...([backend.floats(x), added && backend.floats(added.residual), backend.floats(gain)] as const),
    ...([backend.floats(bias), added && backend.floats(added.sum), backend.floats(y)] as const),
    ...([backend.floats(mean), backend.floats(rstd), rows, columns, attrs.epsilon] as const),
    ...dropoutArguments(attrs),
  );
  return [y, mean, rstd];
}

/** dx, then dResidual where there was a residual, dGain, dBias. */
function backward(
  { sum, gain, bias, mean, rstd, dy }: Readonly<Record<'sum' | 'gain' | 'bias' | 'mean' | 'rstd' | 'dy', TensorInfo>>,
  hasResidual: boolean,
  attrs: LayerNormAttributes & DropoutAttributes,
  backend: OneDnnBackend,
): TensorInfo[] {
  const { rows, columns } = tableShape(sum);
  checkSize('dy', dy, sum.shape);
  const dx = backend.output(sum.shape);
  const dResidual = hasResidual ? backend.output(sum.shape) : null;
  const dGain = backend.gradientOutput(gain);
  const dBias = backend.gradientOutput(bias);
  addon().layerNormGrad(
    ...([backend.floats(sum), backend.floats(gain), backend.floats(mean), backend.floats(rstd)] as const),
    ...([backend.floats(dy), backend.floats(dx), dResidual && backend.floats(dResidual)] as const),
    ...([dGain.values, dBias.values] as const),
    ...([rows, columns, attrs.epsilon] as const),
    ...([dGain.accumulate, dBias.accumulate] as const),
    ...dropoutArguments(attrs),
  );
  return [dx, ...(dResidual === null ? [] : [dResidual]), dGain.info, dBias.info];
}

/** x [..., embed], gain, bias [embed] → y, mean [rows], rstd [rows]. */
const fusedLayerNorm = kernel<'x' | 'gain' | 'bias', LayerNormAttributes>(
  'FusedLayerNorm',
  ({ inputs, attrs, backend }) => forward(inputs, null, { ...attrs, ...NO_DROPOUT }, backend),
);

const fusedLayerNormGrad = kernel<'x' | 'gain' | 'bias' | 'mean' | 'rstd' | 'dy', LayerNormAttributes>(
  'FusedLayerNormGrad',
  ({ inputs, attrs, backend }) => backward({ ...inputs, sum: inputs.x }, false, { ...attrs, ...NO_DROPOUT }, backend),
);

/**
 * y = layerNorm(sum), sum = residual + x ∘ mask, which is all that its gradient needs. In a training step y can be made
 * again from it, and so can the residual where it is the y of the sublayer before: after this sum only a gradient may
 * read it, and its memory is given up until then.
 */
const fusedDropoutAddLayerNorm = kernel<'x' | 'residual' | 'gain' | 'bias', LayerNormAttributes & DropoutAttributes>(
  'FusedDropoutAddLayerNorm',
  ({ inputs: { x, residual, gain, bias }, attrs, backend }) => {
    checkSize('residual', residual, x.shape);
    const sum = backend.output(x.shape);
    const [y, mean, rstd] = forward({ x, gain, bias }, { residual, sum }, attrs, backend) as [
      TensorInfo,
      TensorInfo,
      TensorInfo,
    ];
    const { rows, columns } = tableShape(x);
    backend.canMakeAgain(y, [sum, gain, bias], (values) => {
      addon().layerNorm(
        ...([backend.floats(sum), null, backend.floats(gain), backend.floats(bias), null, values] as const),
        ...([new Float32Array(rows), new Float32Array(rows), rows, columns, attrs.epsilon] as const),
        ...dropoutArguments(NO_DROPOUT),
      );
    });
    backend.giveUp(residual);
    return [y, sum, mean, rstd];
  },
);

const fusedDropoutAddLayerNormGrad = kernel<
  'sum' | 'gain' | 'bias' | 'mean' | 'rstd' | 'dy',
  LayerNormAttributes & DropoutAttributes
>('FusedDropoutAddLayerNormGrad', ({ inputs, attrs, backend }) => backward(inputs, true, attrs, backend));

export const layerNormKernels = [
  fusedLayerNorm,
  fusedLayerNormGrad,
  fusedDropoutAddLayerNorm,
  fusedDropoutAddLayerNormGrad,
];
