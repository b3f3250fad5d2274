import { sliceOf } from 'mpi-native';
import type { Workers } from '../distributed/workers.js';
import type { OptimizedParameters, Optimizer } from '../plugins/optimizer.js';
import type { ParameterStore } from './parameter-store.js';

/** The slices of the arenas that belong to this rank, with those parts of the parameters that lie in them. */
export function sliceOfParameters(store: ParameterStore, workers: Workers): OptimizedParameters {
  const { from, to } = sliceOf(store.values.length, workers.rank, workers.size);
  return {
    parameters: store.parameters.flatMap(({ name, offset, size }) => {
      const [start, end] = [Math.max(offset, from), Math.min(offset + size, to)];
      return start >= end ? [] : [{ name, shape: [end - start], offset: start - from, size: end - start }];
    }),
    view: (arena, { offset, size }) => arena.subarray(offset, offset + size),
    get values() {
      return workers.sliceOf(store.values);
    },
    get gradients() {
      return workers.sliceOf(store.gradients);
    },
  };
}

/**
 * An optimizer whose state is divided among the ranks: each updates its slice of the weights and has only the state of that slice.
 * (The first stage of ZeRO: Rajbhandari et al. 2020.) The state is whole only while it is saved or restored.
 */
export class ShardedOptimizer implements Optimizer {
  #whole: Readonly<Record<string, Float32Array>> | null = null;

  /** @param optimizer of this rank's slice of the store */
  constructor(
    readonly optimizer: Optimizer,
    readonly store: ParameterStore,
    readonly workers: Workers,
  ) {}

  /** The whole state. It is 0 until `collect` or the caller fills it. */
  get arenas(): Readonly<Record<string, Float32Array>> {
    this.#whole ??= Object.fromEntries(
      Object.keys(this.optimizer.arenas).map((name) => [name, new Float32Array(this.store.values.length)]),
    );
    return this.#whole;
  }

  get tensors(): Optimizer['tensors'] {
    return this.optimizer.tensors;
  }

  get usesKernelsOnly(): boolean {
    return this.optimizer.usesKernelsOnly ?? false;
  }

  step(learningRate: number, step: number): void {
    this.optimizer.step(learningRate, step);
  }

  /** Fills the whole state on rank 0. All ranks call it between two updates; it overwrites the gradients of the others. */
  async collect(): Promise<void> {
    const { optimizer, store, workers } = this;
    for (const [name, slice] of Object.entries(optimizer.arenas)) {
      const whole = workers.isFirst ? this.arenas[name]! : store.gradients;
      workers.sliceOf(whole).set(slice);
      await workers.world.gatherSlicesAtRoot(whole);
    }
  }

  /** Takes this rank's slice of the whole state, if there is one, and frees the rest. */
  divide(): void {
    if (this.#whole === null) return;
    for (const [name, slice] of Object.entries(this.optimizer.arenas))
      slice.set(this.workers.sliceOf(this.#whole[name]!));
    this.#whole = null;
  }
}
