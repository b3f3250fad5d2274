import { addon } from '../addon.js';
import { isFloat, partialKernel, tableShape } from './kernel.js';

const softmax = partialKernel<'logits', { readonly dim: number }>(
  'Softmax',
  ({ inputs: { logits }, attrs: { dim }, backend }) => {
    const last = dim === -1 || dim === logits.shape.length - 1;
    if (!last || !isFloat(logits)) return null;
    const { rows, columns } = tableShape(logits);
    const y = backend.output(logits.shape);
    addon().softmax({ x: backend.floats(logits), y: backend.floats(y), rows, columns });
    return y;
  },
);

const logSoftmax = partialKernel<'logits', { readonly axis: number }>(
  'LogSoftmax',
  ({ inputs: { logits }, attrs: { axis }, backend }) => {
    const last = axis === -1 || axis === logits.shape.length - 1;
    if (!last || !isFloat(logits)) return null;
    const { rows, columns } = tableShape(logits);
    const y = backend.output(logits.shape);
    addon().logSoftmax({ x: backend.floats(logits), y: backend.floats(y), rows, columns });
    return y;
  },
);

export const softmaxKernels = [softmax, logSoftmax];
