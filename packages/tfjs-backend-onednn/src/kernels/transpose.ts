import { addon } from '../addon.js';
import { isWords, partialKernel } from './kernel.js';

export const transposeKernels = [
  partialKernel<'x', { readonly perm: number[] }>('Transpose', ({ inputs: { x }, attrs: { perm }, backend }) => {
    const isPermutation = perm.length === x.shape.length && x.shape.every((_, axis) => perm.includes(axis));
    if (!isPermutation) throw new Error(`perm [${perm.join(', ')}] does not name the ${x.shape.length} axes once each`);
    if (!isWords(x)) return null;
    const y = backend.output(
      perm.map((axis) => x.shape[axis]!),
      x.dtype as 'float32' | 'int32',
    );
    addon().transpose({ x: backend.words(x), y: backend.words(y), sizes: x.shape, permutation: perm });
    return y;
  }),
];
