import { addon } from '../addon.js';
import { isWords, partialKernel } from './kernel.js';

export const transposeKernels = [
  partialKernel<'x', { readonly perm: number[] }>('Transpose', ({ inputs: { x }, attrs: { perm }, backend }) => {
    if (!isWords(x)) return null;
    const y = backend.output(
      perm.map((axis) => x.shape[axis]!),
      x.dtype as 'float32' | 'int32',
    );
    addon().transpose(backend.words(x), backend.words(y), x.shape, perm);
    return y;
  }),
];
