import type { ArenaTarget, DeviceArena, UpdateGuard } from 'tfjs-backend-cuda';
import type { DeviceArenas } from '../ops/device-arenas.js';
import type { DeviceUpdate, DeviceUpdates, LateFigures, UpdateSequence } from '../ops/device-updates.js';
import { ArenaCopies, type ArenaCopy } from '../optim/arena-copies.js';
import { type ArenaKernels, portableArenaKernels } from '../optim/arena-kernels.js';
import type * as tf from '../tf/index.js';

type CudaModule = Pick<
  typeof import('tfjs-backend-cuda'),
  'adamStep' | 'collectGradients' | 'DeviceArena' | 'movingAverage' | 'UpdateGuard'
>;

interface GpuCopy extends ArenaCopy {
  readonly arena: DeviceArena;
}

/** Arenas in the memory of a GPU. The tensors of weights are parts of their arena. */
export class CudaArenas extends ArenaCopies<GpuCopy> implements DeviceArenas {
  /** The guard of the update that takes its step now. */
  #guard: UpdateGuard | null = null;

  constructor(readonly cuda: CudaModule) {
    super();
  }

  /** The kernels on these arenas; `squaredNorm` alone is for arrays of the host. */
  get kernels(): ArenaKernels {
    return {
      squaredNorm: portableArenaKernels.squaredNorm,
      scale: (x, factor) => this.#changed(x).scale(factor, this.#guard),
      addTensors: (sums, xs) => {
        for (const [index, sum] of sums.entries()) this.#changed(sum).add(offsetOf(sum), xs[index]!);
      },
      collectGradients: (targets, differentiate, options) => {
        const parts = targets.map(
          ({ tensor, gradient }): ArenaTarget => ({
            tensor,
            arena: this.#changed(gradient),
            offset: offsetOf(gradient),
          }),
        );
        return this.cuda.collectGradients(parts, differentiate, options);
      },
      adamStep: (values, gradients, firstMoment, secondMoment, scalars) => {
        const gradient = this.#copy(gradients).arena;
        const [p, m, v] = [values, firstMoment, secondMoment].map((arena) => this.#changed(arena));
        this.cuda.adamStep(p!, gradient, m!, v!, scalars, this.#guard);
      },
    };
  }

  get updates(): DeviceUpdates {
    return {
      begin: () => this.#beginUpdates(),
      average: (average, values, decay) => {
        const { arena } = this.#copy(values);
        this.cuda.movingAverage(this.#changed(average), arena, decay, this.#guard);
      },
    };
  }

  tensor(part: Float32Array, shape: readonly number[]): tf.Tensor {
    return this.#copy(part).arena.tensor(offsetOf(part), shape);
  }

  squaredNorm(part: Float32Array): Promise<number> {
    return this.#copy(part).arena.squaredNorm(offsetOf(part), part.length);
  }

  protected download({ arena }: GpuCopy, host: Float32Array): Promise<void> {
    return arena.read(host);
  }

  protected replace({ arena }: GpuCopy, host: Float32Array): void {
    arena.write(host);
  }

  protected dispose({ arena }: GpuCopy): void {
    arena.dispose();
  }

  #beginUpdates(): UpdateSequence {
    let guard: UpdateGuard | null = null;
    return {
      apply: (update) => {
        const gradients = this.#changed(update.gradients);
        guard ??= new this.cuda.UpdateGuard(gradients);
        return this.#apply(guard, gradients, update);
      },
      dispose: () => {
        guard?.dispose();
        guard = null;
      },
    };
  }

  #apply(guard: UpdateGuard, gradients: DeviceArena, { losses, others, scaling, step }: DeviceUpdate): LateFigures {
    const figures = guard.scaleGradient(gradients, { losses, others }, scaling);
    this.#guard = guard;
    try {
      step();
      return figures;
    } catch (error) {
      figures.discard();
      throw error;
    } finally {
      this.#guard = null;
    }
  }

  /** The GPU's copy of the arena of a part, copied from the host at the first use. */
  #copy({ buffer }: Float32Array): GpuCopy {
    const known = this.copies.get(buffer);
    if (known !== undefined) return known;
    const values = new Float32Array(buffer);
    const copy = { arena: new this.cuda.DeviceArena(values.length), isNewer: false };
    copy.arena.write(values);
    this.copies.set(buffer, copy);
    return copy;
  }

  /** The same for an arena that the GPU is about to change. */
  #changed(part: Float32Array): DeviceArena {
    const copy = this.#copy(part);
    copy.isNewer = true;
    return copy.arena;
  }
}

/** The first element of a part of an arena. */
const offsetOf = ({ byteOffset }: Float32Array): number => byteOffset / 4;
