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
  /** lr · weight decay: the part of a value that is taken off it first. */
  readonly decay: number;
}

/** Σ x², summed in float64. */
export function squaredNorm(x: Float32Array): number {
  checkArray('x', x);
  return timed('SquaredNorm', () => addon().squaredNorm(x, x.length));
}

/** x ← factor · x */
export function scale(x: Float32Array, factor: number): void {
  checkArray('x', x);
  timed('Scale', () => addon().scale(x, x.length, factor));
}

/** sum ← sum + x */
export function accumulate(sum: Float32Array, x: Float32Array): void {
  checkLengths(sum, x);
  timed('Accumulate', () => addon().accumulate(sum, x, sum.length));
}

/** A parameter and the array, of its size, that its gradient is added to. */
export interface GradientTarget {
  readonly tensor: Tensor; // the parameter
  readonly gradient: Float32Array; // its part of the gradient arena
}

/**
 * Runs a forward and a backward pass in which kernels may add the gradients of parameters to their arrays themselves;
 * where one does, the tensor that tfjs gets for it is zeros. `addTensor` brings what tfjs got to the same arrays. A gradient
 * kernel does so for the inputs that its attribute `collected` names, input name → id of the target's tensor: who records the
 * operation knows whether its input is the parameter itself, and whether nothing happens to the gradient afterwards.
 * @param overwrite what the arrays hold counts as 0, and so does what lies between them. They are pieces of one buffer,
 *   which the tensors of the forward pass may use until the gradients come
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
  { beta1, beta2, epsilon, stepSize, decay }: AdamScalars,
): void {
  checkLengths(values, gradients, firstMoment, secondMoment);
  timed('AdamStep', () =>
    addon().adamStep(
      ...([values, gradients, firstMoment, secondMoment, values.length] as const),
      ...([beta1, beta2, epsilon, stepSize, decay] as const),
    ),
  );
}

function checkLengths(...arenas: readonly Float32Array[]): void {
  for (const arena of arenas) checkArray('an arena', arena);
  const lengths = arenas.map(({ length }) => length);
  if (new Set(lengths).size > 1) throw new Error(`arenas have different lengths: ${lengths.join(', ')}`);
}
