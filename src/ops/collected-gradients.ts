import type * as tf from '../tf/index.js';

/**
 * Which gradients a device may add to the trainer's arena itself (`ArenaKernels.collectGradients`) in place of a tensor for
 * the tape: those that the tape would bring to a parameter exactly as they are. Two things decide.
 *
 * In the forward pass: the input of the operation is the parameter itself, as a tensor object. A clone or a reshape has the
 * same data, but `tf.customGrad` may scale or stop the gradient on the way from it to the parameter. Gradient functions get
 * clones of everything, so operations note it as the attribute `collected`, which tfjs hands on.
 *
 * In the backward pass: it is that of the outermost `gradients`, which is the trainer's, or the part of it that `checkpoint`
 * runs. The same gradient functions are called by a backward pass inside the forward pass (adversarial perturbation,
 * gradient penalty) or inside a plug-in's gradient function: their results belong to the plug-in alone.
 */
interface Pass {
  readonly collected: ReadonlySet<number>; // ids of tensors
  readonly phase: 'forward' | 'backward';
}

/** Attribute of an operation: ids of the inputs whose gradients may be collected, by input name. */
export interface Collected {
  readonly collected?: Readonly<Record<string, number>>;
}

const OUTSIDE: Pass = { collected: new Set(), phase: 'forward' };

let current = OUTSIDE;

/** Whether no pass runs: the next is the outermost. */
export const isOutside = (): boolean => current === OUTSIDE;

/** Runs a part of a pass that collects the gradients of these tensors. */
export function duringPass<T>(phase: Pass['phase'], collected: readonly tf.Tensor[], work: () => T): T {
  const around = current;
  current = { phase, collected: new Set(collected.map(({ id }) => id)) };
  try {
    return work();
  } finally {
    current = around;
  }
}

/** Those of some tensors whose gradients the backward pass that runs collects: none in a forward pass. */
export const collectedNow = (tensors: readonly tf.Tensor[]): readonly tf.Tensor[] =>
  current.phase === 'backward' ? tensors.filter(({ id }) => current.collected.has(id)) : [];

/** What a forward kernel's attributes say about its inputs. */
export const collectedInputs = (inputs: tf.NamedTensorMap): Collected =>
  current.phase === 'backward' ? {} : ofThisPass(inputs, ({ id }) => id);

/** The attributes of a forward kernel for its gradient kernel: of the collected inputs those that this pass collects. */
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
