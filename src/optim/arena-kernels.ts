import type { AdamScalars, GradientTarget } from 'tfjs-backend-onednn';
import type { Tensor } from '../tf/index.js';

/**
 * The operations of clipping and optimizers on whole parameter arenas, float32 [size]. A device may have its own. All
 * are element-wise or sum in a fixed order, so that runs are reproducible bit for bit.
 */
export interface ArenaKernels {
  /** Σ x², summed in float64. */
  squaredNorm(x: Float32Array): number;
  /** x ← factor · x */
  scale(x: Float32Array, factor: number): void;
  /** sums[i] ← sums[i] + xs[i]. An asynchronous device is awaited once. */
  addTensors(sums: readonly Float32Array[], xs: readonly Tensor[]): Promise<void> | void;
  /**
   * Runs a forward and a backward pass in which the device may add gradients directly to their parts of the arena. For
   * such a gradient tfjs gets a tensor that counts as zeros in `addTensors`.
   * @param options with `overwrite` the arena counts as zeros, and the device may use its memory until gradients arrive
   */
  collectGradients<T>(
    targets: readonly GradientTarget[],
    differentiate: () => T,
    options: { readonly overwrite: boolean },
  ): T;
  /**
   *   m ← β1·m + (1−β1)·g,  v ← β2·v + (1−β2)·g²
   *   p ← p − decay·p,      p ← p − stepSize · m / (√v + ε)
   */
  adamStep(
    values: Float32Array, // p
    gradients: Float32Array, // g
    firstMoment: Float32Array, // m
    secondMoment: Float32Array, // v
    scalars: AdamScalars,
  ): void;
}

/** The kernels in TypeScript, for devices without native kernels. */
export const portableArenaKernels: ArenaKernels = {
  squaredNorm(x) {
    let sum = 0;
    for (let index = 0; index < x.length; index++) sum += x[index]! * x[index]!;
    return sum;
  },

  scale(x, factor) {
    for (let index = 0; index < x.length; index++) x[index]! *= factor;
  },

  async addTensors(sums, xs) {
    const read = await Promise.all(xs.map((x) => x.data()));
    for (const [position, values] of read.entries()) {
      const sum = sums[position]!;
      for (let index = 0; index < values.length; index++) sum[index]! += values[index]!;
    }
  },

  collectGradients(targets, differentiate, { overwrite }) {
    if (overwrite) for (const { gradient } of targets) gradient.fill(0);
    return differentiate();
  },

  adamStep(values, gradients, firstMoment, secondMoment, { beta1, beta2, epsilon, stepSize, decay }) {
    for (let index = 0; index < values.length; index++) {
      const gradient = gradients[index]!;
      firstMoment[index] = beta1 * firstMoment[index]! + (1 - beta1) * gradient;
      secondMoment[index] = beta2 * secondMoment[index]! + (1 - beta2) * gradient * gradient;
      const decayed = values[index]! - decay * values[index]!;
      values[index] = decayed - (stepSize * firstMoment[index]!) / (Math.sqrt(secondMoment[index]!) + epsilon);
    }
  },
};
