import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { CudaBackend } from '../backend.js';
import { dropout } from '../host/dropout.js';
import type { Storage } from '../host/host-device.js';
import { checkSize } from './checks.js';
import { commonStorage, type DropoutAttributes, dropoutArguments, kernel, sizeOf, tableShape } from './kernel.js';

/** residual + x ∘ mask; null stands for 0. By default the result is stored as x. */
function masked(
  backend: CudaBackend,
  { x, residual }: { readonly x: TensorInfo; readonly residual: TensorInfo | null },
  attrs: DropoutAttributes,
  storage?: Storage,
): TensorInfo {
  const of = commonStorage(backend, { x });
  const result = storage ?? of.storage;
  const y = backend.output(x.shape, 'float32', result);
  dropout(backend, {
    ...{ ...of.addresses, y: backend.storedAddress(y), storage: { x: of.storage, y: result } },
    ...{ residual: residual && backend.address(residual), ...tableShape(x), ...dropoutArguments(attrs) },
  });
  return y;
}

/** x → x ∘ mask */
const fusedDropout = kernel<'x', DropoutAttributes>('FusedDropout', ({ inputs: { x }, attrs, backend }) =>
  masked(backend, { x, residual: null }, attrs),
);

/** dy → dy ∘ mask */
const fusedDropoutGrad = kernel<'dy', DropoutAttributes>('FusedDropoutGrad', ({ inputs: { dy }, attrs, backend }) =>
  masked(backend, { x: dy, residual: null }, attrs),
);

/** x, residual → residual + x ∘ mask, in float32 */
const fusedDropoutAdd = kernel<'x' | 'residual', DropoutAttributes>(
  'FusedDropoutAdd',
  ({ inputs: { x, residual }, attrs, backend }) => {
    checkSize('residual', residual, x.shape);
    return masked(backend, { x, residual }, attrs, 'float32');
  },
);

/** dy → dx = dy ∘ mask, which a product reads, dResidual = dy (a copy: a gradient function may not return its input) */
const fusedDropoutAddGrad = kernel<'dy', DropoutAttributes>(
  'FusedDropoutAddGrad',
  ({ inputs: { dy }, attrs, backend }) => {
    const dx = masked(backend, { x: dy, residual: null }, attrs, backend.precision);
    const dResidual = backend.output(dy.shape);
    const [to, from, bytes] = [backend.address(dResidual), backend.address(dy), 4 * sizeOf(dy.shape)];
    if (bytes > 0) backend.driver.copy({ to, from, bytes });
    return [dx, dResidual];
  },
);

export const dropoutKernels: readonly KernelConfig[] = [
  fusedDropout,
  fusedDropoutGrad,
  fusedDropoutAdd,
  fusedDropoutAddGrad,
];
