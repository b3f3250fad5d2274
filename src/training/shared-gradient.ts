import type { Workers } from '../distributed/workers.js';
import { type ArenaKernels, portableArenaKernels } from '../optim/arena-kernels.js';
import { squaredGradientNorm } from '../optim/loss-gradient.js';
import type { ParameterStore } from '../optim/parameter-store.js';

/**
 * The gradient of an update as a sum over all ranks. Between `sum` and `scale` each rank has only its slice of it. With more
 * than one rank the sum passes through the host.
 */
export class SharedGradient {
  constructor(
    readonly store: ParameterStore,
    readonly kernels: ArenaKernels,
    readonly workers: Workers,
  ) {}

  /**
   * Sums the gradients of all ranks, in rank order.
   * @param isEmpty whether this rank had no micro-batch, so that its arena has the gradient of an earlier update
   * @returns Σ g² over this rank's slice
   */
  async sum(isEmpty: boolean): Promise<number> {
    const { store, kernels, workers } = this;
    const { gradients } = store;
    store.useDevice();
    if (workers.size === 1) {
      const squaredNorm = squaredGradientNorm(store, kernels);
      return typeof squaredNorm === 'number' ? squaredNorm : await squaredNorm; // a synchronous device is not interrupted
    }
    if (isEmpty) gradients.fill(0);
    else await store.toHost([gradients]);
    await workers.world.sumSlices(gradients);
    return this.#hostKernels.squaredNorm(workers.sliceOf(gradients));
  }

  /**
   * Multiplies the sum by a factor.
   * @param options.complete whether each rank gets the whole gradient, not only its slice
   */
  async scale(factor: number, { complete }: { readonly complete: boolean }): Promise<void> {
    const { store, kernels, workers } = this;
    const { gradients } = store;
    store.useDevice();
    if (workers.size === 1) return kernels.scale(gradients, factor);
    this.#hostKernels.scale(workers.sliceOf(gradients), factor);
    if (complete) await workers.world.gatherSlices(gradients);
    store.device?.arenas?.hostChanged([gradients]);
    store.useDevice();
  }

  /** Kernels for arrays of the host. */
  get #hostKernels(): ArenaKernels {
    return this.store.device?.arenas == null ? this.kernels : portableArenaKernels;
  }
}
