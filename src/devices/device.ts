import type { OpenedDevice } from '../ops/opened-device.js';
import type { ArenaKernels } from '../optim/arena-kernels.js';
import type { Profiler } from './profile.js';

/** How a device computes. */
export interface DeviceOptions {
  /** Threads of the CPU device; null means as many as the process has processors for. */
  readonly threads: number | null;
  /** Round the operands of the layers' matrix products to bfloat16, where the device can. Default false. */
  readonly bfloat16?: boolean;
  /** Translate with weights and activations of the layers' matrix products in int8. Default false. */
  readonly int8?: boolean;
  /** For search alone: the tensor library waits until `tf.ready()` asks for it, where the device can search without. */
  readonly forSearch?: boolean;
}

/** A device that is in use; its tfjs backend is the current one when it is opened. */
export interface Device extends OpenedDevice {
  readonly name: string;
  /** What the log and a checkpoint say about it, e.g. `{ device: 'cpu', oneDNN: '2.6.3', threads: 2, isa: 'AVX2' }`. */
  readonly description: Readonly<Record<string, string | number>>;
  /** Clipping and the optimizer on the parameter arenas. */
  readonly arenaKernels: ArenaKernels;
  /** Where the device can say how long its kernels take. */
  readonly profiler?: Profiler;
}

/** One way to compute; opening it loads what it needs and makes its backend the current one. */
export interface DeviceDefinition {
  readonly name: string;
  /** @throws UserError that says exactly what is missing */
  open(options: DeviceOptions): Promise<Device>;
}
