import type { ArenaKernels } from '../optim/arena-kernels.js';
import type { ParameterStore } from '../optim/parameter-store.js';
import type { OptionSchema, OptionsOf } from '../options/schema.js';

/** State of a shape of its own, saved and restored in place. */
export interface StateTensor {
  readonly shape: readonly number[]; // row-major
  readonly data: Float32Array | Float64Array; // [∏ shape]
}

/** Turns gradients into a change of the parameters. Saving its memory needs no code of its own. */
export interface Optimizer {
  /** Its state, element for element beside the parameters, by the names that a checkpoint uses: `exp_avg`, … */
  readonly arenas: Readonly<Record<string, Float32Array>>;
  /** What is not element for element beside the parameters: a moment in factors, a scalar. By the whole name. */
  readonly tensors?: ReadonlyMap<string, StateTensor>;
  /**
   * Changes `store.values` by `store.gradients`.
   * @param learningRate of this update
   * @param step how many steps this state has seen with this one, from 1
   */
  step(learningRate: number, step: number): void;
}

/** An optimizer plug-in; make one with `defineOptimizer`. */
export interface OptimizerDefinition<S extends OptionSchema = OptionSchema> {
  readonly kind: 'optimizer';
  readonly name: string; // the value of `--optimizer`
  /** One line for `--help` and the docs. */
  readonly summary: string;
  readonly options: S; // become flags of `train`
  /**
   * The `--lr` to begin with, which a warning names where none is given; null where `--lr` has no part in it. Without this
   * method the warning names fairseq's default alone.
   */
  usualLearningRate?(options: OptionsOf<S>): number | null;
  /** Makes the optimizer from its option values, for the parameters of the store. */
  build(options: OptionsOf<S>, store: ParameterStore, kernels: ArenaKernels): Optimizer;
}

/** Declares an optimizer plug-in; importing the file that calls it does nothing else. */
export function defineOptimizer<const S extends OptionSchema>(
  definition: Omit<OptimizerDefinition<S>, 'kind'>,
): OptimizerDefinition<S> {
  return { kind: 'optimizer', ...definition };
}
