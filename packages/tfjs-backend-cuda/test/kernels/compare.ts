import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { gradients as gradientsOf } from '../../../../src/ops/gradients.js';
import type { CudaBackend } from '../../src/backend.js';
import { emulatedDriver } from '../../src/modules.js';
import { registerCudaBackend } from '../../src/register.js';
import { buildEmulation, ORDERS } from '../helpers/emulated.js';
import { uniform } from '../helpers/kernels.js';

buildEmulation();
registerCudaBackend({ library: emulatedDriver() });

/** An input of an operation. Float32 inputs are differentiated. */
export interface Input {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

export const floats = (shape: readonly number[], seed?: number): Input => ({
  shape,
  values: uniform(
    shape.reduce((product, size) => product * size, 1),
    seed,
  ),
});

export const integers = (shape: readonly number[], values: ArrayLike<number>): Input => ({
  shape,
  values: Int32Array.from(values),
});

export type Operation = (tensors: Record<string, tf.Tensor>) => tf.Tensor;

interface Outcome {
  readonly value: Float32Array;
  readonly gradients: readonly Float32Array[];
  /** What an arena of ones has after the gradients were added to it. */
  readonly collected: readonly Float32Array[];
}

/** The current backend, which is the one for CUDA. */
export const cuda = (): CudaBackend => tf.backend() as unknown as CudaBackend;

/** The value of an operation and the gradients of Σ value ∘ weights, with a different weight per element. */
async function evaluate(name: string, inputs: Readonly<Record<string, Input>>, operation: Operation): Promise<Outcome> {
  await tf.setBackend(name);
  const before = tf.memory().numTensors;
  const outcome = tf.tidy(() => {
    const tensors = Object.fromEntries(
      Object.entries(inputs).map(([input, { shape, values }]) => {
        const dtype = values instanceof Int32Array ? 'int32' : 'float32';
        return [input, tf.tensor(values.slice(), [...shape], dtype)];
      }),
    );
    const parameters = Object.values(tensors).filter(({ dtype }) => dtype === 'float32');
    const value = Float32Array.from(operation(tensors).dataSync());
    const loss = (): tf.Scalar => {
      const y = operation(tensors);
      return tf.sum(tf.mul(y, tf.tensor(uniform(y.size, 77), y.shape)));
    };
    const gradients = tf
      .grads(loss)(parameters)
      .map((gradient) => Float32Array.from(gradient.dataSync()));
    return { value, gradients, collected: name === 'cuda' ? collect(loss, parameters) : [] };
  });
  expect(tf.memory().numTensors).toBe(before);
  return outcome;
}

/** Adds gradients to an arena of ones, by kernels where they can and by addition elsewhere. */
function collect(loss: () => tf.Scalar, parameters: readonly tf.Tensor[]): Float32Array[] {
  const backend = cuda();
  const arena = parameters.map(({ shape }) => tf.ones(shape));
  const targets = new Map(
    parameters.map(({ id, size }, i) => [id, { address: backend.address(arena[i]!), size }] as const),
  );
  const { grads } = backend.collectGradients(targets, false, () => gradientsOf(loss, [...parameters]));
  for (const tensor of arena) backend.overwritten(tensor);
  return grads.map((gradient, i) => Float32Array.from(tf.add(arena[i]!, gradient!).dataSync()));
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

/**
 * Asserts that the fused kernels of an operation and plain operations on the host agree, in value, gradients and what is
 * added to an arena, and that the order of threads changes no bit.
 */
export async function expectAgreement(
  inputs: Readonly<Record<string, Input>>,
  operation: Operation,
  tolerance = 2e-5,
): Promise<void> {
  const outcomes: Outcome[] = [];
  for (const order of ORDERS) {
    const launches = (await tf.setBackend('cuda')) ? cuda().statistics.launches : 0;
    process.env.EMULATED_CUDA_ORDER = order;
    try {
      outcomes.push(await evaluate('cuda', inputs, operation));
    } finally {
      delete process.env.EMULATED_CUDA_ORDER;
    }
    expect(cuda().statistics.launches).toBeGreaterThan(launches);
  }
  const [forwards, backwards] = outcomes as [Outcome, Outcome];
  expect(backwards).toEqual(forwards);
  const plain = await evaluate('cpu', inputs, operation);
  expect(difference(forwards.value, plain.value)).toBeLessThan(tolerance);
  plain.gradients.forEach((gradient, i) => {
    expect(difference(forwards.gradients[i]!, gradient), `gradient ${i}`).toBeLessThan(tolerance);
    const plusOne = gradient.map((value) => value + 1);
    expect(difference(forwards.collected[i]!, plusOne), `collected gradient ${i}`).toBeLessThan(tolerance);
  });
}
