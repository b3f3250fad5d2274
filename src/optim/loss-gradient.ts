import { gradients } from '../ops/gradients.js';
import * as tf from '../tf/index.js';
import type { ArenaKernels } from './arena-kernels.js';
import type { ParameterStore } from './parameter-store.js';

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
  const targets = store.trainable.map((parameter) => ({
    tensor: parameter.tensor,
    gradient: store.view(store.gradients, parameter),
  }));
  const tensors = targets.map(({ tensor }) => tensor);
  const differentiate = (): (tf.Tensor | null)[] => tf.tidy(() => gradients(lossOf, tensors).grads as tf.Tensor[]);
  const results = tf.tidy(
    () => kernels.collectGradients(targets, differentiate, { overwrite: true }) as tf.Tensor[],
  ) as (tf.Tensor | null)[];
  try {
    const computed = results.flatMap((tensor, index) =>
      tensor === null ? [] : [{ tensor, sum: targets[index]!.gradient }],
    );
    await kernels.addTensors(
      computed.map(({ sum }) => sum),
      computed.map(({ tensor }) => tensor),
    );
  } finally {
    tf.dispose(results as tf.Tensor[]);
  }
}
