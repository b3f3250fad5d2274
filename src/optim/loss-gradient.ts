import type { GradientTarget } from 'tfjs-backend-onednn';
import { gradients } from '../ops/gradients.js';
import * as tf from '../tf/index.js';
import type { ArenaKernels } from './arena-kernels.js';
import type { ParameterStore } from './parameter-store.js';

/** The trainable tensors of a store with the parts of its gradient arena that belong to them. */
export const gradientTargets = (store: ParameterStore): GradientTarget[] =>
  store.trainable.map((parameter) => ({
    tensor: parameter.tensor,
    gradient: store.view(store.gradients, parameter),
  }));

/** Σ g² over the gradients of a store. It is awaited only if the device keeps them, so that other devices lose no time. */
export function squaredGradientNorm(store: ParameterStore, kernels: ArenaKernels): number | Promise<number> {
  const arenas = store.device?.arenas ?? null;
  return arenas === null ? kernels.squaredNorm(store.gradients) : arenas.squaredNorm(store.gradients);
}

/** Adds the results of a backward pass to the arena. @param results one per target; null: the loss does not depend on it */
export async function addToTargets(
  kernels: ArenaKernels,
  targets: readonly GradientTarget[],
  results: readonly (tf.Tensor | null)[],
): Promise<void> {
  const present = results.flatMap((tensor, index) =>
    tensor === null ? [] : [{ tensor, sum: targets[index]!.gradient }],
  );
  await kernels.addTensors(
    present.map(({ sum }) => sum),
    present.map(({ tensor }) => tensor),
  );
}

/**
 * Replaces the gradients of a store by those of a loss. A parameter that the loss does not depend on gets 0.
 * @throws IndependentValueError if it depends on none of them
 */
export async function setLossGradient(
  store: ParameterStore,
  kernels: ArenaKernels,
  lossOf: () => tf.Scalar,
): Promise<void> {
  store.useDevice();
  const targets = gradientTargets(store);
  const tensors = targets.map(({ tensor }) => tensor);
  const differentiate = (): (tf.Tensor | null)[] => tf.tidy(() => gradients(lossOf, tensors).grads as tf.Tensor[]);
  const results = tf.tidy(
    () => kernels.collectGradients(targets, differentiate, { overwrite: true }) as tf.Tensor[],
  ) as (tf.Tensor | null)[];
  try {
    await addToTargets(kernels, targets, results);
  } finally {
    tf.dispose(results as tf.Tensor[]);
  }
}
