import { InternalError } from '../errors.js';
import * as tf from '../tf/index.js';
import { collectedNow } from './collected-gradients.js';
import { gradients } from './gradients.js';

/**
 * f(inputs), of which only the inputs are kept: the backward pass computes the rest once more (Chen et al. 2016,
 * "Training deep nets with sublinear memory cost"). `f` must give the same bits both times, as the kernels and the
 * counter-based dropout masks do.
 * @param parameters every further tensor that `f` reads and that is to get a gradient
 */
export function checkpoint<T extends tf.Tensor>(
  inputs: readonly tf.Tensor[],
  parameters: readonly tf.Tensor[],
  f: (...inputs: tf.Tensor[]) => T,
): T {
  const evaluate = tf.customGrad((...args) => {
    const save = args[args.length - 1] as tf.GradSaveFunc; // tfjs passes it after the tensors
    const held = inputs.map((input) => tf.clone(input)); // operations take over memory that has one tensor only
    const value = f(...inputs);
    save(held); // after f, which may throw: what is saved is freed with the tape, and this is not on it yet
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const { value: recomputed, grads } = gradients(() => f(...saved), [...saved, ...parameters], {
          dy: dy as T,
          collected: collectedNow(parameters), // their gradients here are what this function returns for them
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
