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
  readonly residual: TensorInfo | null;
  readonly gain: TensorInfo;
}

function forward(
  { x, residual, gain, bias }: Parts & { readonly bias: TensorInfo },
  attrs: LayerNormAttributes & DropoutAttributes,
  backend: OneDnnBackend,
): TensorInfo[] {
  const { rows, columns } = tableShape(x);
  if (residual !== null) checkSize('residual', residual, x.shape);
  checkSize('gain', gain, [columns]);
  checkSize('bias', bias, [columns]);
  const y = backend.output(x.shape);
  const mean = backend.output([rows]);
  const rstd = backend.output([rows]);
  addon().layerNorm(
    ...([backend.floats(x), residual && backend.floats(residual)] as const),
    ...([backend.floats(gain), backend.floats(bias)] as const),
    ...([backend.floats(y), backend.floats(mean), backend.floats(rstd)] as const),
    ...([rows, columns, attrs.epsilon] as const),
    ...dropoutArguments(attrs),
  );
  return [y, mean, rstd];
}

/** dx, then dResidual where there is a residual, dGain, dBias. */
function backward(
  { x, residual, gain, bias, mean, rstd, dy }: Parts & Readonly<Record<'bias' | 'mean' | 'rstd' | 'dy', TensorInfo>>,
  attrs: LayerNormAttributes & DropoutAttributes,
  backend: OneDnnBackend,
): TensorInfo[] {
  const { rows, columns } = tableShape(x);
  checkSize('dy', dy, x.shape);
  const dx = backend.output(x.shape);
  const dResidual = residual && backend.output(x.shape);
  const dGain = backend.gradientOutput(gain);
  const dBias = backend.gradientOutput(bias);
  addon().layerNormGrad(
    ...([backend.floats(x), residual && backend.floats(residual), backend.floats(gain)] as const),
    ...([backend.floats(mean), backend.floats(rstd), backend.floats(dy)] as const),
    ...([backend.floats(dx), dResidual && backend.floats(dResidual)] as const),
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
  ({ inputs, attrs, backend }) => forward({ ...inputs, residual: null }, { ...attrs, ...NO_DROPOUT }, backend),
);

const fusedLayerNormGrad = kernel<'x' | 'gain' | 'bias' | 'mean' | 'rstd' | 'dy', LayerNormAttributes>(
  'FusedLayerNormGrad',
  ({ inputs, attrs, backend }) => backward({ ...inputs, residual: null }, { ...attrs, ...NO_DROPOUT }, backend),
);

/** y = layerNorm(residual + x ∘ mask). */
const fusedDropoutAddLayerNorm = kernel<'x' | 'residual' | 'gain' | 'bias', LayerNormAttributes & DropoutAttributes>(
  'FusedDropoutAddLayerNorm',
  ({ inputs, attrs, backend }) => forward(inputs, attrs, backend),
);

const fusedDropoutAddLayerNormGrad = kernel<
  'x' | 'residual' | 'gain' | 'bias' | 'mean' | 'rstd' | 'dy',
  LayerNormAttributes & DropoutAttributes
>('FusedDropoutAddLayerNormGrad', ({ inputs, attrs, backend }) => backward(inputs, attrs, backend));

export const layerNormKernels = [
  fusedLayerNorm,
  fusedLayerNormGrad,
  fusedDropoutAddLayerNorm,
  fusedDropoutAddLayerNormGrad,
];
