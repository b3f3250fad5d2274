import type { ArenaKernels } from '../optim/arena-kernels.js';
import type { NamedParameter } from '../optim/parameter-store.js';
import type { OptionSchema, OptionsOf } from '../options/schema.js';

/** A tensor of optimizer state with any shape. It is saved and restored in place. */
export interface StateTensor {
  readonly shape: readonly number[]; // row-major
  readonly data: Float32Array | Float64Array; // [∏ shape]
}

/** The parameters that an optimizer updates: those of a model, or this rank's slice of them with --zero-sharding. */
export interface OptimizedParameters {
  readonly values: Float32Array; // [size]
  readonly gradients: Float32Array; // [size]
  /** The parameters, by their names in checkpoints. */
  readonly parameters: readonly NamedParameter[];
  /** A parameter's part of an arena, as a view. */
  view(arena: Float32Array, parameter: NamedParameter): Float32Array;
}

/** Updates the parameters from their gradients. Its state is saved and restored without further code. */
export interface Optimizer {
  /** State with one element per element of `store.values`, by the names that a checkpoint uses: `exp_avg`, … */
  readonly arenas: Readonly<Record<string, Float32Array>>;
  /** State of other shapes, such as a factored moment or a scalar, by its full name in a checkpoint. */
  readonly tensors?: ReadonlyMap<string, StateTensor>;
  /**
   * Whether `step` reads and changes arenas only through the kernels it was built with. A device with memory of its own
   * then keeps the arenas; otherwise they are copied to the host before each step and back after it, and the kernels work on
   * the host's arrays.
   */
  readonly usesKernelsOnly?: boolean;
  /**
   * Updates `store.values` from `store.gradients`.
   * @param learningRate the rate of this update
   * @param step the number of this step since the state was new, from 1
   */
  step(learningRate: number, step: number): void;
}

/** An optimizer plug-in: its name, its options and how to build it. */
export interface OptimizerDefinition<S extends OptionSchema = OptionSchema> {
  readonly kind: 'optimizer';
  readonly name: string; // the value of --optimizer
  /** A one-line description for `--help`. */
  readonly summary: string;
  readonly options: S; // become flags of `train`
  /**
   * A usual value of `--lr`. The warning for a missing `--lr` suggests it; without this method the warning names only
   * fairseq's default. Null if the optimizer does not use `--lr`.
   */
  usualLearningRate?(options: OptionsOf<S>): number | null;
  /**
   * Whether `step` computes each element of the arenas from that element alone, so that it can work on a slice of them:
   * --zero-sharding os requires it. It then uses the `values` and `gradients` of the store only.
   */
  readonly isElementWise?: boolean;
  /** Makes the optimizer from its option values, for the parameters of the store. */
  build(options: OptionsOf<S>, store: OptimizedParameters, kernels: ArenaKernels): Optimizer;
}

/** Declares an optimizer plug-in. It has no side effects. */
export function defineOptimizer<const S extends OptionSchema>(
  definition: Omit<OptimizerDefinition<S>, 'kind'>,
): OptimizerDefinition<S> {
  return { kind: 'optimizer', ...definition };
}
