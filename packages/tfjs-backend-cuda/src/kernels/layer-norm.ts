import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { CudaBackend } from '../backend.js';
import { layerNorm, layerNormGrad } from '../host/layer-norm.js';
import { checkSize } from './checks.js';
import {
  commonStorage,
  type DropoutAttributes,
  dropoutArguments,
  floats,
  type GradientAttributes,
  kernel,
  tableShape,
} from './kernel.js';

interface LayerNormAttributes extends GradientAttributes {
  readonly epsilon: number;
}

type SumAttributes = LayerNormAttributes & DropoutAttributes;

const NO_DROPOUT: DropoutAttributes = {
  dropoutProbability: 0,
  dropoutSeed: 0,
  dropoutUpdate: 0,
  dropoutMicroBatch: 0,
  dropoutSite: 0,
};

type Parts = Readonly<Record<'x' | 'gain' | 'bias', TensorInfo>> & { readonly residual: TensorInfo | null };

function checkParts({ x, residual, gain, bias }: Parts): ReturnType<typeof tableShape> {
  const table = tableShape(x);
  if (residual !== null) checkSize('residual', residual, x.shape);
  checkSize('gain', gain, [table.columns]);
  checkSize('bias', bias, [table.columns]);
  return table;
}

/** y, mean, rstd. */
function forward({ x, residual, gain, bias }: Parts, attrs: SumAttributes, backend: CudaBackend): TensorInfo[] {
  const table = checkParts({ x, residual, gain, bias });
  const [y, mean, rstd] = [backend.output(x.shape), backend.output([table.rows]), backend.output([table.rows])];
  const { storage, addresses } = commonStorage(backend, { x });
  layerNorm(backend, {
    ...{ ...addresses, storage: { x: storage }, ...floats(backend, { gain, bias, y, mean, rstd }) },
    ...{ residual: residual && backend.address(residual), sums: null },
    rounded: backend.precision === 'bfloat16' ? backend.roundedOutput(y) : null,
    ...{ ...table, epsilon: attrs.epsilon, ...dropoutArguments(attrs) },
  });
  return [y, mean, rstd];
}

/** dx, then dResidual if there is a residual, dGain, dBias. */
function backward(
  { x, residual, gain, bias, mean, rstd, dy }: Parts & Readonly<Record<'mean' | 'rstd' | 'dy', TensorInfo>>,
  attrs: SumAttributes,
  backend: CudaBackend,
): TensorInfo[] {
  const table = checkParts({ x, residual, gain, bias });
  checkSize('mean', mean, [table.rows]);
  checkSize('rstd', rstd, [table.rows]);
  checkSize('dy', dy, x.shape);
  const [of, incoming] = [commonStorage(backend, { x }), commonStorage(backend, { dy })];
  const dx = backend.output(x.shape, 'float32', of.storage);
  const dResidual = residual && backend.output(x.shape);
  const dGain = backend.gradientOutput(gain, attrs.collected?.gain);
  const dBias = backend.gradientOutput(bias, attrs.collected?.bias);
  layerNormGrad(backend, {
    ...{ ...of.addresses, ...incoming.addresses, dx: backend.storedAddress(dx) },
    ...{ storage: { x: of.storage, dy: incoming.storage }, ...floats(backend, { gain, mean, rstd }) },
    ...{ residual: residual && backend.address(residual), dResidual: dResidual && backend.address(dResidual) },
    ...{ dGain: dGain.address, accumulateGain: dGain.accumulate },
    ...{ dBias: dBias.address, accumulateBias: dBias.accumulate },
    ...{ ...table, ...dropoutArguments(attrs) },
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

/** y = layerNorm(residual + x ∘ mask). The gradient kernel computes the sum again. */
const fusedDropoutAddLayerNorm = kernel<'x' | 'residual' | 'gain' | 'bias', SumAttributes>(
  'FusedDropoutAddLayerNorm',
  ({ inputs, attrs, backend }) => forward(inputs, attrs, backend),
);

const fusedDropoutAddLayerNormGrad = kernel<'x' | 'residual' | 'gain' | 'bias' | 'mean' | 'rstd' | 'dy', SumAttributes>(
  'FusedDropoutAddLayerNormGrad',
  ({ inputs, attrs, backend }) => backward(inputs, attrs, backend),
);

export const layerNormKernels: readonly KernelConfig[] = [
  fusedLayerNorm,
  fusedLayerNormGrad,
  fusedDropoutAddLayerNorm,
  fusedDropoutAddLayerNormGrad,
];
