import type * as tf from '../tf/index.js';

/**
 * Determines which gradients a device may add to the trainer's arena directly (`ArenaKernels.collectGradients`) instead
 * of returning a tensor to the tape: those that would reach a parameter unchanged. There are two conditions.
 *
 * In the forward pass, the input of the operation must be the parameter's own tensor object. A clone or a reshape has
 * the same data, but `tf.customGrad` may scale or stop the gradient between it and the parameter. Gradient functions
 * receive clones of all tensors, so operations record the condition in the attribute `collected`, which tfjs passes on.
 *
 * The backward pass must be that of the outermost call of `gradients`, which is the trainer's, or the part of it that
 * `checkpoint` runs. A backward pass inside the forward pass (adversarial perturbation, gradient penalty) or inside a
 * plug-in's gradient function calls the same gradient functions, but its results belong to the plug-in.
 */
interface Pass {
  readonly collected: ReadonlySet<number>; // ids of tensors
  readonly phase: 'forward' | 'backward';
}

/** An attribute of an operation: the ids of the inputs whose gradients may be collected, by input name. */
export interface Collected {
  readonly collected?: Readonly<Record<string, number>>;
}

const OUTSIDE: Pass = { collected: new Set(), phase: 'forward' };

let current = OUTSIDE;

/** Whether no pass is running, so that the next pass is the outermost. */
export const isOutside = (): boolean => current === OUTSIDE;

/** Runs a part of a pass in which the gradients of these tensors are collected. */
export function duringPass<T>(phase: Pass['phase'], collected: readonly tf.Tensor[], work: () => T): T {
  const outer = current;
  current = { phase, collected: new Set(collected.map(({ id }) => id)) };
  try {
    return work();
  } finally {
    current = outer;
  }
}

/** The tensors whose gradients the current backward pass collects; none in a forward pass. */
export const collectedNow = (tensors: readonly tf.Tensor[]): readonly tf.Tensor[] =>
  current.phase === 'backward' ? tensors.filter(({ id }) => current.collected.has(id)) : [];

/** The attribute `collected` of a forward kernel with these inputs. */
export const collectedInputs = (inputs: tf.NamedTensorMap): Collected =>
  current.phase === 'backward' ? {} : ofThisPass(inputs, ({ id }) => id);

/** The attributes of a gradient kernel: those of the forward kernel, and in `collected` what this pass collects. */
export function gradientAttributes<A extends Collected>(attributes: A): Omit<A, 'collected'> & Collected {
  if (attributes.collected === undefined) return attributes;
  const { collected, ...others } = attributes;
  return current.phase === 'forward' ? others : { ...others, ...ofThisPass(collected, (id) => id) };
}

function ofThisPass<T>(inputs: Readonly<Record<string, T>>, idOf: (input: T) => number): Collected {
  let collected: Record<string, number> | undefined;
  for (const [name, input] of Object.entries(inputs)) {
    const id = idOf(input);
    if (!current.collected.has(id)) continue;
    collected ??= {};
    collected[name] = id;
  }
  return collected === undefined ? {} : { collected };
}
