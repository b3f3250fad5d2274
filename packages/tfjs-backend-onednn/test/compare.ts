import * as tf from '@tensorflow/tfjs';
import { addTensor, collectGradients, registerOneDnnBackend } from 'tfjs-backend-onednn';
import { expect } from 'vitest';
import { gradients as gradientsOf } from '../../../src/ops/gradients.js';

registerOneDnnBackend();

export type Arrays = Readonly<Record<string, tf.Tensor>>;

/** Deterministic uniform numbers in [−1, 1), one per element of a shape. */
export function uniform(shape: readonly number[], seed = 1): Float32Array {
  let state = seed * 2654435761;
  return Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** An input of an operation. Float32 inputs are differentiated. */
export interface Input {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

export const floats = (shape: readonly number[], seed?: number): Input => ({ shape, values: uniform(shape, seed) });
export const integers = (shape: readonly number[], values: ArrayLike<number>): Input => ({
  shape,
  values: Int32Array.from(values),
});

interface Outcome {
  readonly value: Float32Array;
  readonly gradients: readonly Float32Array[];
}

/** The value of an operation and the gradients of Σ value ∘ weights, with a different weight per element. */
export async function evaluate(
  backend: string,
  inputs: Readonly<Record<string, Input>>,
  operation: (tensors: Record<string, tf.Tensor>) => tf.Tensor,
): Promise<Outcome> {
  await tf.setBackend(backend);
  const names = Object.keys(inputs);
  const differentiable = names.filter((name) => inputs[name]!.values instanceof Float32Array);
  const before = tf.memory().numTensors;
  const outcome = tf.tidy(() => {
    const tensors = Object.fromEntries(
      names.map((name) => {
        const { shape, values } = inputs[name]!;
        return [name, tf.tensor(values, [...shape], values instanceof Int32Array ? 'int32' : 'float32')];
      }),
    );
    const value = operation(tensors).dataSync() as Float32Array;
    const loss = (): tf.Scalar => {
      const y = operation(tensors);
      return tf.sum(tf.mul(y, tf.tensor(uniform(y.shape, 77), y.shape)));
    };
    const parameters = differentiable.map((name) => tensors[name]!);
    const gradients = tf
      .grads(loss)(parameters)
      .map((g) => Float32Array.from(g.dataSync()));
    if (backend === 'onednn') expectToCollect(loss, parameters, gradients);
    return { value: Float32Array.from(value), gradients };
  });
  expect(tf.memory().numTensors).toBe(before);
  return outcome;
}

/** Asserts that kernels add their gradients to arrays of ones exactly once. */
function expectToCollect(loss: () => tf.Scalar, parameters: tf.Tensor[], expected: readonly Float32Array[]): void {
  const arrays = parameters.map(({ size }) => new Float32Array(size).fill(1));
  const targets = parameters.map((tensor, index) => ({ tensor, gradient: arrays[index]! }));
  const { grads } = collectGradients(targets, () => gradientsOf(loss, parameters));
  grads.forEach((tensor, index) => {
    addTensor(arrays[index]!, tensor!);
  });
  arrays.forEach((array, index) => {
    const plusOne = expected[index]!.map((value) => value + 1);
    expect(difference(array, plusOne)).toBeLessThan(1e-5);
  });
}

/** Largest |a − b|, relative to the largest |b| (at least 1e-3). */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let largest = 1e-3;
  let worst = 0;
  for (let i = 0; i < b.length; i++) {
    largest = Math.max(largest, Math.abs(b[i]!));
    const gap = Math.abs(a[i]! - b[i]!);
    if (!(gap <= worst)) worst = gap; // NaN counts
  }
  return worst / largest;
}

/** Asserts that the native kernels of an operation and plain JavaScript agree, in value and gradients. */
export async function expectAgreement(
  inputs: Readonly<Record<string, Input>>,
  operation: (tensors: Record<string, tf.Tensor>) => tf.Tensor,
  tolerance = 2e-5,
): Promise<void> {
  const native = await evaluate('onednn', inputs, operation);
  const plain = await evaluate('cpu', inputs, operation);
  expect(difference(native.value, plain.value)).toBeLessThan(tolerance);
  plain.gradients.forEach((gradient, index) => {
    expect(difference(native.gradients[index]!, gradient)).toBeLessThan(tolerance);
  });
}
