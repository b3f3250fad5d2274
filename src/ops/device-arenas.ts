import type * as tf from '../tf/index.js';
import type { DeviceUpdates } from './device-updates.js';

/**
 * The arenas of a device that has memory of its own: flat arrays with one element per weight, for the weights, their
 * gradients and the optimizer's state. The host's array identifies an arena, and a view of that array a part of it. The
 * device copies an arena when an operation first uses it; from then on its copy may be newer than the host's.
 */
export interface DeviceArenas {
  /** Updates that the host need not wait for; undefined if the device has none. */
  readonly updates?: DeviceUpdates;
  /** Whether the device has changed an arena since it was last copied to the host. */
  isNewer(arena: Float32Array): boolean;
  /** Copies the arenas that the device has changed to their host arrays. */
  toHost(arenas: readonly Float32Array[]): Promise<void>;
  /** Records that the host has changed arenas. The device copies them again before it uses them. */
  hostChanged(arenas: readonly Float32Array[]): void;
  /** A part of an arena as a tensor, which the caller disposes. It need not follow later changes of the arena. */
  tensor(part: Float32Array, shape: readonly number[]): tf.Tensor;
  /** Σ x² over a part of an arena. */
  squaredNorm(part: Float32Array): Promise<number>;
  /** Frees the device's copies. */
  release(arenas: readonly Float32Array[]): void;
}
