import type * as tf from '../tf/index.js';

/** How the gradient of an update is scaled before it is applied: g ← min(1, limit / (norm + ε)) · g / samples. */
export interface GradientScaling {
  readonly samples: number;
  /** The largest norm of g / samples; 0: no limit. */
  readonly limit: number;
  readonly epsilon: number; // added to the norm
}

/** An update of the weights. */
export interface DeviceUpdate {
  readonly gradients: Float32Array;
  /** The losses of the micro-batches, float32. */
  readonly losses: readonly tf.Scalar[];
  /** Further values for the host. */
  readonly others: readonly tf.Scalar[];
  readonly scaling: GradientScaling;
  /** Changes weights, moments and averages by the device's kernels only. */
  step(): void;
}

/** What an update computed, read from the device. */
interface UpdateFigures {
  readonly squaredNorm: number; // Σ g² before scaling
  readonly losses: readonly number[];
  readonly others: readonly number[];
}

/** Figures that the device copies to the host as soon as it has computed them. Read or discard them. */
export interface LateFigures {
  /** Whether `read` need not wait. */
  readonly isReady: boolean;
  /** Waits for these figures, but for no later update. To be called once. */
  read(): Promise<UpdateFigures>;
  discard(): void;
}

/**
 * Updates that start before the host knows the results of the previous ones. Once a loss or the gradient of an update is
 * not finite, neither this update nor a later one of the sequence changes weights, moments or averages.
 */
export interface UpdateSequence {
  /** Starts an update. The scalars may be disposed afterwards. */
  apply(update: DeviceUpdate): LateFigures;
  dispose(): void;
}

/** What a device offers that can apply an update before the host has read its losses and the norm of its gradient. */
export interface DeviceUpdates {
  begin(): UpdateSequence;
  /** average ← decay · average + (1 − decay) · values */
  average(average: Float32Array, values: Float32Array, decay: number): void;
}
