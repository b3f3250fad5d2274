import type { Tensor } from '@tensorflow/tfjs-core';
import { addon } from './addon.js';
import type { OneDnnBackend } from './backend.js';
import { backend, findBackend } from './core.js';
import { checkArray } from './kernels/checks.js';
import { BACKEND_NAME } from './kernels/kernel.js';
import { timed } from './recorder.js';

/** The scalars of one Adam step over an arena. */
export interface AdamScalars {
  readonly beta1: number; // decay of the mean of gradients
  readonly beta2: number; // decay of the mean of squared gradients
  readonly epsilon: number; // added to the root of the mean of squares
  /** lr · √(1 − β2ᵗ) / (1 − β1ᵗ) */
  readonly stepSize: number;
  /** lr · weight decay: the fraction that is first subtracted from a value. */
  readonly decay: number;
}

/** Σ x², summed in float64. */
export function squaredNorm(x: Float32Array): number {
  checkArray('x', x);
  return timed('SquaredNorm', () => addon().squaredNorm({ x, size: x.length }));
}

/** x ← factor · x */
export function scale(x: Float32Array, factor: number): void {
  checkArray('x', x);
  timed('Scale', () => addon().scale({ x, size: x.length, factor }));
}

/** sum ← sum + x */
export function accumulate(sum: Float32Array, x: Float32Array): void {
  checkLengths(sum, x);
  timed('Accumulate', () => addon().accumulate({ sum, x, size: sum.length }));
}

/** A parameter and the array of its size that its gradient is added to. */
export interface GradientTarget {
  readonly tensor: Tensor; // the parameter
  readonly gradient: Float32Array; // its part of the gradient arena
}

/**
 * Runs a forward and a backward pass in which kernels may add the gradients of parameters directly to their arrays. The
 * tensor that tfjs gets for such a gradient is zeros. `addTensor` adds the gradients that tfjs got to the same arrays.
 * A gradient kernel adds directly for the inputs that its attribute `collected` names (input name → id of the target's
 * tensor): only the code that records the operation knows whether an input is the parameter itself and its gradient is
 * not processed further.
 * @param overwrite treats the contents of the arrays, and of the memory between them, as 0. The arrays are pieces of
 *   one buffer, which the tensors of the forward pass may use until the gradients arrive
 */
export function collectGradients<T>(
  targets: readonly GradientTarget[],
  differentiate: () => T,
  { overwrite = false }: { readonly overwrite?: boolean } = {},
): T {
  for (const { tensor, gradient } of targets) checkGradient(gradient, tensor);
  const arrays = new Map(targets.map(({ tensor, gradient }) => [tensor.id, gradient]));
  return current().collectGradients(arrays, overwrite, differentiate);
}

/** sum ← sum + x */
export function addTensor(sum: Float32Array, x: Tensor): void {
  checkGradient(sum, x);
  if (!current().isZeros(x)) accumulate(sum, current().floats(x));
}

function checkGradient(array: Float32Array, { size, shape }: Tensor): void {
  checkArray(`the gradient of a tensor [${shape.join(', ')}]`, array, size);
}

function current(): OneDnnBackend {
  const instance: unknown = backend();
  if (instance !== findBackend(BACKEND_NAME)) throw new Error(`tfjs's current backend is not '${BACKEND_NAME}'`);
  return instance as OneDnnBackend;
}

/**
 *   m ← β1·m + (1−β1)·g,  v ← β2·v + (1−β2)·g²
 *   p ← p − decay·p,      p ← p − stepSize · m / (√v + ε)
 */
export function adamStep(
  values: Float32Array, // p
  gradients: Float32Array, // g
  firstMoment: Float32Array, // m
  secondMoment: Float32Array, // v
  scalars: AdamScalars,
): void {
  checkLengths(values, gradients, firstMoment, secondMoment);
  timed('AdamStep', () =>
    addon().adamStep({ values, gradients, firstMoment, secondMoment, size: values.length, ...scalars }),
  );
}

function checkLengths(...arenas: readonly Float32Array[]): void {
  for (const arena of arenas) checkArray('an arena', arena);
  const lengths = arenas.map(({ length }) => length);
  if (new Set(lengths).size > 1) throw new Error(`arenas have different lengths: ${lengths.join(', ')}`);
}
