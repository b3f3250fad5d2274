import * as tf from '../tf/index.js';
import { type Attributes, defineOp, hasKernel, runKernel } from './define-op.js';
import { dropoutMask } from './philox.js';
import { type DropoutAttributes, type DropoutSpec, dropoutAttributes, dropoutSpec } from './random.js';

/**
 * The dropout mask as a tensor, for devices whose kernels do not generate it. Kernel `DropoutMask` (attribute `shape`)
 * → mask; without it, TypeScript computes the mask.
 */
export function dropoutMaskTensor(spec: DropoutSpec, shape: readonly number[]): tf.Tensor {
  if (hasKernel('DropoutMask')) return runKernel('DropoutMask', {}, { ...dropoutAttributes(spec), shape })[0]!;
  const [rows, columns] = maskSizes(shape);
  return tf.tensor(dropoutMask(spec, rows, columns), [...shape], 'float32');
}

/** The attributes of `DropoutMask`; a type and not an interface, so that it converts from tfjs's attribute map. */
export type MaskAttributes = { readonly [Name in keyof DropoutAttributes]: number } & { readonly shape: number[] };

/** The rows of a mask, over all axes but the last, and its columns. */
export function maskSizes(shape: readonly number[]): [rows: number, columns: number] {
  return [shape.slice(0, -1).reduce((product, size) => product * size, 1), shape.at(-1)!];
}

/** x ∘ mask with tfjs operations; x itself without dropout. */
export function compositeDropout(x: tf.Tensor, attributes: DropoutAttributes): tf.Tensor {
  const spec = dropoutSpec(attributes);
  return spec === null ? x : tf.mul(x, dropoutMaskTensor(spec, x.shape));
}

/** Kernel `FusedDropout`: x → x ∘ mask; `FusedDropoutGrad`: dy → dy ∘ mask. */
const fusedDropout = defineOp<{ x: tf.Tensor }, DropoutAttributes & Attributes>({
  name: 'FusedDropout',
  composite: ({ x }, attributes) => compositeDropout(x, attributes),
  gradient: { kernel: 'FusedDropoutGrad', saveInputs: [], outputs: ['y'], saveOutputs: [], gradients: ['x'] },
});

/** Kernel `FusedDropoutAdd`: residual + x ∘ mask; `FusedDropoutAddGrad`: dy → dx, dResidual. */
const fusedDropoutAdd = defineOp<{ x: tf.Tensor; residual: tf.Tensor }, DropoutAttributes & Attributes>({
  name: 'FusedDropoutAdd',
  composite: ({ x, residual }, attributes) => tf.add(residual, compositeDropout(x, attributes)),
  gradient: {
    kernel: 'FusedDropoutAddGrad',
    saveInputs: [],
    outputs: ['y'],
    saveOutputs: [],
    gradients: ['x', 'residual'],
  },
});

/** Zeroes elements with the spec's probability and scales the others; returns x if the spec is null. */
export function dropout<T extends tf.Tensor>(x: T, spec: DropoutSpec | null): T {
  if (spec === null || spec.probability === 0) return x;
  return fusedDropout({ x }, { ...dropoutAttributes(spec) }) as T;
}

/** residual + dropout(x): the end of a pre-norm sublayer. */
export function dropoutAdd<T extends tf.Tensor>(x: T, residual: T, spec: DropoutSpec | null): T {
  return fusedDropoutAdd({ x, residual }, { ...dropoutAttributes(spec) }) as T;
}
