import type { TensorInfo } from '@tensorflow/tfjs-core';
import { addon } from '../addon.js';
import type { OneDnnBackend } from '../backend.js';
import { checkSize } from './checks.js';
import {
  type DropoutAttributes,
  dropoutArguments,
  type GradientAttributes,
  kernel,
  sizeOf,
  tableShape,
} from './kernel.js';

interface LayerNormAttributes extends GradientAttributes {
  readonly epsilon: number;
}

interface SumAttributes extends LayerNormAttributes, DropoutAttributes {
  /** Whether the kernel may overwrite x. */
  readonly takesOver: boolean;
}

/** Smaller outputs are kept: steps with small outputs need little memory, and every recomputation costs a call. */
const SMALLEST_RECOMPUTED = 4 * 2 ** 20; // bytes

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

function checkParts({ x, residual, gain, bias }: Parts & { readonly bias: TensorInfo }): ReturnType<typeof tableShape> {
  const table = tableShape(x);
  if (residual !== null) checkSize('residual', residual, x.shape);
  checkSize('gain', gain, [table.columns]);
  checkSize('bias', bias, [table.columns]);
  return table;
}

/** y, mean, rstd. */
function forward(
  { x, residual, gain, bias }: Parts & { readonly bias: TensorInfo },
  attrs: LayerNormAttributes & DropoutAttributes,
  backend: OneDnnBackend,
  takesOver = false,
): [TensorInfo, TensorInfo, TensorInfo] {
  const { rows, columns } = checkParts({ x, residual, gain, bias });
  const y = backend.output(x.shape);
  const mean = backend.output([rows]);
  const rstd = backend.output([rows]);
  addon().layerNorm({
    ...{ x: backend.floats(x), residual: residual && backend.floats(residual) },
    ...{ gain: backend.floats(gain), bias: backend.floats(bias) },
    ...{ sums: takesOver ? backend.floats(x) : null, y: backend.floats(y) },
    ...{ mean: backend.floats(mean), rstd: backend.floats(rstd) },
    ...{ rows, columns, epsilon: attrs.epsilon, ...dropoutArguments(attrs) },
  });
  return [y, mean, rstd];
}

/** Makes y recomputable from an x that contains the sum. */
function makeRecomputable(
  y: TensorInfo,
  { x, gain, bias }: Omit<Parts, 'residual'> & { readonly bias: TensorInfo },
  epsilon: number,
  backend: OneDnnBackend,
): void {
  const { rows, columns } = tableShape(x);
  backend.makeRecomputable(y, [x, gain, bias], (values) => {
    addon().layerNorm({
      ...{ x: backend.floats(x), residual: null, gain: backend.floats(gain), bias: backend.floats(bias) },
      ...{ sums: null, y: values, mean: new Float32Array(rows), rstd: new Float32Array(rows) },
      ...{ rows, columns, epsilon, ...dropoutArguments(NO_DROPOUT) },
    });
  });
}

/** dx, then dResidual if there is a residual, dGain, dBias. If x was taken over, it already contains the sum. */
function backward(
  { x, residual, gain, bias, mean, rstd, dy }: Parts & Readonly<Record<'bias' | 'mean' | 'rstd' | 'dy', TensorInfo>>,
  attrs: LayerNormAttributes & DropoutAttributes,
  backend: OneDnnBackend,
): TensorInfo[] {
  const { rows, columns } = checkParts({ x, residual, gain, bias });
  checkSize('mean', mean, [rows]);
  checkSize('rstd', rstd, [rows]);
  checkSize('dy', dy, x.shape);
  const dx = backend.output(x.shape);
  const dResidual = residual && backend.output(x.shape);
  const added = backend.isTakenOver(x) ? null : residual;
  const dGain = backend.gradientOutput(gain, attrs.collected?.gain);
  const dBias = backend.gradientOutput(bias, attrs.collected?.bias);
  addon().layerNormGrad({
    ...{ x: backend.floats(x), residual: added && backend.floats(added), gain: backend.floats(gain) },
    ...{ mean: backend.floats(mean), rstd: backend.floats(rstd), dy: backend.floats(dy) },
    ...{ dx: backend.floats(dx), dResidual: dResidual && backend.floats(dResidual) },
    ...{ dGain: dGain.values, accumulateGain: dGain.accumulate },
    ...{ dBias: dBias.values, accumulateBias: dBias.accumulate },
    ...{ rows, columns, epsilon: attrs.epsilon, ...dropoutArguments(attrs) },
  });
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

/**
 * y = layerNorm(residual + x ∘ mask). In a training step the sum replaces x, and a large y can be computed again from
 * it. The same holds for a residual that is the y of the previous sublayer: after this sum only gradients read it, so
 * its memory is given up until then.
 */
const fusedDropoutAddLayerNorm = kernel<'x' | 'residual' | 'gain' | 'bias', SumAttributes>(
  'FusedDropoutAddLayerNorm',
  ({ inputs, attrs, backend }) => {
    const takesOver = attrs.takesOver && inputs.x.dataId !== inputs.residual.dataId && backend.takeOver(inputs.x);
    const outputs = forward(inputs, attrs, backend, takesOver);
    if (takesOver && 4 * sizeOf(inputs.x.shape) >= SMALLEST_RECOMPUTED)
      makeRecomputable(outputs[0], inputs, attrs.epsilon, backend);
    backend.giveUp(inputs.residual);
    return outputs;
  },
);

const fusedDropoutAddLayerNormGrad = kernel<'x' | 'residual' | 'gain' | 'bias' | 'mean' | 'rstd' | 'dy', SumAttributes>(
  'FusedDropoutAddLayerNormGrad',
  ({ inputs, attrs, backend }) => backward(inputs, attrs, backend),
);

export const layerNormKernels = [
  fusedLayerNorm,
  fusedLayerNormGrad,
  fusedDropoutAddLayerNorm,
  fusedDropoutAddLayerNormGrad,
];
