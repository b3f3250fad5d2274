import * as tf from '../tf.js';

type TapeNode = NonNullable<ReturnType<typeof tf.engine>['state']['activeTape']>[number];

/** A value that depends on none of the tensors that it is differentiated by. */
export class IndependentValueError extends Error {
  override readonly name = 'IndependentValueError';

  constructor(options?: ErrorOptions) {
    super('the value depends on none of the tensors', options);
  }
}

/**
 * The value of `f` and its gradients by tensors that `f` only reads, as `tf.engine().gradients`, with two differences.
 * It may run inside a gradient function, where tfjs's own loses the outer tape. And what the backward pass has used is
 * freed at once, where tfjs keeps every saved tensor and every gradient to the end: the peak is then the activations
 * alone, not the activations and as many gradients.
 * @param dy gradient of the value, its shape; null for ones
 * @throws IndependentValueError where the value depends on none of them
 * @returns gradients by `xs`, null where the value does not depend on one
 */
export function gradients<T extends tf.Tensor>(
  f: () => T,
  xs: readonly tf.Tensor[],
  dy: T | null = null,
): { value: T; grads: (tf.Tensor | null)[] } {
  tf.loadGradients();
  const { state } = tf.engine();
  const outerTape = state.activeTape;
  try {
    const { value, grads } = tf.engine().gradients(
      () => {
        const y = f();
        releaseAsUsed(state.activeTape);
        return y;
      },
      [...xs],
      dy ?? undefined,
    );
    return { value, grads: grads.map((gradient) => gradient ?? null) }; // tfjs says undefined
  } catch (error) {
    throw isWithoutDependence(error) ? new IndependentValueError({ cause: error }) : error;
  } finally {
    state.activeTape = outerTape;
  }
}

/** tfjs's complaint about a value in which no x occurs. */
const isWithoutDependence = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('Cannot compute gradient of y=f(x) with respect to x');

/** Lets each node of a tape, when its turn comes in the backward pass, free what the node before it has used. */
function releaseAsUsed(tape: readonly TapeNode[]): void {
  let used: readonly (tf.Tensor | null)[] = [];
  for (const node of tape) {
    const { gradient, saved = [] } = node;
    if (gradient == null) continue;
    node.gradient = (dys) => {
      tf.dispose(used as tf.Tensor[]);
      used = [...dys, ...saved];
      const taken = new Set<tf.Tensor>(used as tf.Tensor[]);
      // A gradient function may hand `dy` on, or one tensor for several inputs: each gets a tensor of its own to free.
      const own = (dx: tf.Tensor): tf.Tensor => {
        if (taken.has(dx)) return tf.clone(dx);
        taken.add(dx);
        return dx;
      };
      const results = Object.entries(gradient(dys)).map(([input, dx]) => [input, () => own(dx())] as const);
      return Object.fromEntries(results);
    };
  }
}
