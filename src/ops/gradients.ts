import * as tf from '../tf/index.js';
import { duringPass, isOutside } from './collected-gradients.js';

type TapeNode = NonNullable<ReturnType<typeof tf.engine>['state']['activeTape']>[number];

/** A value that depends on none of the tensors that it is differentiated by. */
export class IndependentValueError extends Error {
  override readonly name = 'IndependentValueError';

  constructor(options?: ErrorOptions) {
    super('the value depends on none of the tensors', options);
  }
}

interface GradientOptions<T extends tf.Tensor> {
  /** Gradient of the value, its shape; ones unless given. */
  readonly dy?: T;
  /**
   * Those of `xs` whose gradients the device may add to the arrays of `ArenaKernels.collectGradients`: zeros then stand for
   * them in `grads`. Unless given, all in the outermost call and none in a call inside of it.
   */
  readonly collected?: readonly tf.Tensor[];
}

/**
 * The value of `f` and its gradients by tensors that `f` only reads, as `tf.engine().gradients`, with two differences.
 * It may run inside a gradient function, where tfjs's own loses the outer tape. And what the backward pass has used is
 * freed at once, where tfjs keeps every saved tensor and every gradient to the end: the peak is then the activations
 * alone, not the activations and as many gradients. Inside the forward pass of another gradient, whose tape it shares, it
 * is tfjs's: that gradient may need what this one has used. What fails leaves no tensor of the tape behind.
 * @throws IndependentValueError where the value depends on none of them
 * @returns gradients by `xs`, null where the value does not depend on one
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
    // In a scope of its own, which frees the value where the backward pass fails.
    const differentiate = () => tf.tidy(() => tf.engine().gradients(forward, [...xs], dy));
    const { value, grads } = duringPass('backward', targets, differentiate);
    return { value, grads: grads.map((gradient) => gradient ?? null) }; // tfjs says undefined
  } catch (error) {
    if (ownsTape && state.activeTape !== outerTape) disposeSaved(state.activeTape);
    throw isWithoutDependence(error) ? new IndependentValueError({ cause: error }) : error;
  } finally {
    state.activeTape = outerTape;
  }
}

/** tfjs's complaint about a value in which no x occurs. */
const isWithoutDependence = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('Cannot compute gradient of y=f(x) with respect to x');

/** Frees what a tape keeps for a backward pass that does not come. */
function disposeSaved(tape: readonly TapeNode[] | null): void {
  for (const { saved = [] } of tape ?? []) tf.dispose(saved);
}

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
