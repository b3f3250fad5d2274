import { addon } from '../addon.js';
import { checkSize } from './checks.js';
import { type DropoutAttributes, dropoutArguments, kernel, tableShape } from './kernel.js';

/** x → x ∘ mask */
const fusedDropout = kernel<'x', DropoutAttributes>('FusedDropout', ({ inputs: { x }, attrs, backend }) => {
  const { rows, columns } = tableShape(x);
  const y = backend.output(x.shape);
  const arrays = { x: backend.floats(x), residual: null, y: backend.floats(y) };
  addon().dropout({ ...arrays, rows, columns, ...dropoutArguments(attrs) });
  return y;
});

/** dy → dy ∘ mask */
const fusedDropoutGrad = kernel<'dy', DropoutAttributes>('FusedDropoutGrad', ({ inputs: { dy }, attrs, backend }) => {
  const { rows, columns } = tableShape(dy);
  const dx = backend.output(dy.shape);
  const arrays = { x: backend.floats(dy), residual: null, y: backend.floats(dx) };
  addon().dropout({ ...arrays, rows, columns, ...dropoutArguments(attrs) });
  return dx;
});

/** x, residual → residual + x ∘ mask */
const fusedDropoutAdd = kernel<'x' | 'residual', DropoutAttributes>(
  'FusedDropoutAdd',
  ({ inputs: { x, residual }, attrs, backend }) => {
    const { rows, columns } = tableShape(x);
    checkSize('residual', residual, x.shape);
    const y = backend.output(x.shape);
    const arrays = { x: backend.floats(x), residual: backend.floats(residual), y: backend.floats(y) };
    addon().dropout({ ...arrays, rows, columns, ...dropoutArguments(attrs) });
    return y;
  },
);

/** dy → dx = dy ∘ mask, dResidual = dy (a copy: a gradient function may not return its input) */
const fusedDropoutAddGrad = kernel<'dy', DropoutAttributes>(
  'FusedDropoutAddGrad',
  ({ inputs: { dy }, attrs, backend }) => {
    const { rows, columns } = tableShape(dy);
    const [dx, dResidual] = [backend.output(dy.shape), backend.output(dy.shape)];
    const gradient = backend.floats(dy);
    const arrays = { x: gradient, residual: null, y: backend.floats(dx) };
    addon().dropout({ ...arrays, rows, columns, ...dropoutArguments(attrs) });
    backend.floats(dResidual).set(gradient);
    return [dx, dResidual];
  },
);

export const dropoutKernels = [fusedDropout, fusedDropoutGrad, fusedDropoutAdd, fusedDropoutAddGrad];
