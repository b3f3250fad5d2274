import { addon } from '../addon.js';
import { checkWhole } from './checks.js';
import { isFloat, partialKernel, tableShape } from './kernel.js';

/** The k largest over the last axis, sorted; the lower index comes first among equals. */
export const topKKernels = [
  partialKernel<'x', { readonly k: number; readonly sorted: boolean }>(
    'TopK',
    ({ inputs: { x }, attrs: { k }, backend }) => {
      const { rows, columns } = tableShape(x);
      checkWhole('k', k, 0, columns);
      if (!isFloat(x) || k === 0) return null;
      const shape = [...x.shape.slice(0, -1), k];
      const values = backend.output(shape);
      const indices = backend.output(shape, 'int32');
      addon().topK({
        ...{ x: backend.floats(x), values: backend.floats(values), indices: backend.integers(indices) },
        ...{ rows, columns, k },
      });
      return [values, indices];
    },
  ),
];
