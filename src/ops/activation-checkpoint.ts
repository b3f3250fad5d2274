import { InternalError } from '../errors.js';
import * as tf from '../tf/index.js';
import { collectedNow } from './collected-gradients.js';
import { gradients } from './gradients.js';

/**
 * f(inputs), of which only the inputs are kept: the backward pass computes the rest again (Chen et al. 2016, "Training
 * deep nets with sublinear memory cost"). Both calls of `f` must return the same bits. Kernels and dropout masks do.
 * @param parameters all other tensors that `f` reads and that need a gradient
 */
export function checkpoint<T extends tf.Tensor>(
  inputs: readonly tf.Tensor[],
  parameters: readonly tf.Tensor[],
  f: (...inputs: tf.Tensor[]) => T,
): T {
  const evaluate = tf.customGrad((...args) => {
    const save = args[args.length - 1] as tf.GradSaveFunc; // tfjs passes it after the tensors
    const held = inputs.map((input) => tf.clone(input)); // operations do not overwrite the memory of two tensors
    const value = f(...inputs);
    save(held); // after f, which may throw: saved tensors are freed with the tape, but this node is not on it yet
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const { value: recomputed, grads } = gradients(() => f(...saved), [...saved, ...parameters], {
          dy: dy as T,
          collected: collectedNow(parameters), // their gradients are passed on unchanged
        });
        recomputed.dispose();
        return grads.map((gradient, index) => {
          if (gradient === null) throw new InternalError(`tensor ${index} of a checkpointed function has no gradient`);
          return gradient;
        });
      },
    };
  });
  return evaluate(...inputs, ...parameters) as T;
}
