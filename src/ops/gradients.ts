import * as tf from '../tf/index.js';
import { duringPass, isOutside } from './collected-gradients.js';
import { readsFirstGradientOnly } from './define-op.js';

type TapeNode = NonNullable<ReturnType<typeof tf.engine>['state']['activeTape']>[number];

/** The error for a value that depends on none of the tensors by which it is differentiated. */
export class IndependentValueError extends Error {
  override readonly name = 'IndependentValueError';

  constructor(options?: ErrorOptions) {
    super('the value depends on none of the tensors', options);
  }
}

interface GradientOptions<T extends tf.Tensor> {
  /** The gradient of the value, with its shape. [ones] */
  readonly dy?: T;
  /**
   * The tensors of `xs` whose gradients the device may add to the arrays of `ArenaKernels.collectGradients`; their
   * entries in `grads` are then zeros. [all in the outermost call, none in nested calls]
   */
  readonly collected?: readonly tf.Tensor[];
}

/**
 * The value of `f` and its gradients by tensors that `f` only reads. It differs from `tf.engine().gradients` in two
 * ways. It can run inside a gradient function, where tfjs's function loses the outer tape. And it frees tensors as soon
 * as the backward pass has used them, where tfjs keeps all saved tensors and gradients until the end: the peak of
 * memory is that of the activations, not twice as much. A call inside the forward pass of another gradient shares its
 * tape and frees nothing early, because the outer gradient may need the tensors. An error leaves no tensor of the tape
 * behind.
 * @throws IndependentValueError if the value depends on none of the tensors
 * @returns the gradients by `xs`; null for a tensor on which the value does not depend
 */
export function gradients<T extends tf.Tensor>(
  f: () => T,
  xs: readonly tf.Tensor[],
  { dy, collected }: GradientOptions<T> = {},
): { value: T; grads: (tf.Tensor | null)[] } {
  tf.loadGradients();
  const { state } = tf.engine();
  const outerTape = state.activeTape;
  const ownsTape = state.gradientDepth === 0;
  const targets = collected ?? (ownsTape && isOutside() ? xs : []);
  const forward = (): T => {
    const y = duringPass('forward', targets, f);
    if (ownsTape) releaseAsUsed(state.activeTape);
    return y;
  };
  try {
    // The scope frees the value if the backward pass fails.
    const differentiate = () => tf.tidy(() => tf.engine().gradients(forward, [...xs], dy));
    const { value, grads } = duringPass('backward', targets, differentiate);
    return { value, grads: grads.map((gradient) => gradient ?? null) }; // tfjs uses undefined
  } catch (error) {
    if (ownsTape && state.activeTape !== outerTape) disposeSaved(state.activeTape);
    throw isIndependenceError(error) ? new IndependentValueError({ cause: error }) : error;
  } finally {
    state.activeTape = outerTape;
  }
}

/** Whether an error is that of tfjs for a value that does not depend on x. */
const isIndependenceError = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('Cannot compute gradient of y=f(x) with respect to x');

/** Frees the tensors that a tape saves for a backward pass that will not run. */
function disposeSaved(tape: readonly TapeNode[] | null): void {
  for (const { saved = [] } of tape ?? []) tf.dispose(saved);
}

/** Changes the nodes of a tape so that each one frees what the previous one used in the backward pass. */
function releaseAsUsed(tape: readonly TapeNode[]): void {
  let used: readonly (tf.Tensor | null)[] = [];
  for (const node of tape) {
    const { gradient, saved = [] } = node;
    if (gradient == null) continue;
    node.gradient = (dys) => {
      tf.dispose(used as tf.Tensor[]);
      used = [...dys, ...saved];
      const taken = new Set<tf.Tensor>(used as tf.Tensor[]);
      // A gradient function may return `dy`, or one tensor for several inputs: each needs its own tensor to free.
      const own = (dx: tf.Tensor): tf.Tensor => {
        if (taken.has(dx)) return tf.clone(dx);
        taken.add(dx);
        return dx;
      };
      // tfjs would create zeros for the outputs without a gradient.
      const given = readsFirstGradientOnly(node.kernelName) ? dys.map((dy) => dy ?? dys[0]!) : dys;
      const results = Object.entries(gradient(given)).map(([input, dx]) => [input, () => own(dx())] as const);
      return Object.fromEntries(results);
    };
  }
}
