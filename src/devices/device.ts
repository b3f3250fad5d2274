import type { OpenedDevice } from '../ops/opened-device.js';
import type { ArenaKernels } from '../optim/arena-kernels.js';

/** How a device computes. */
export interface DeviceOptions {
  /** Threads of the CPU device; null means one per processor that the process may use. */
  readonly threads: number | null;
  /**
   * Whether to round the operands of the layers' matrix products to bfloat16, if the device supports it. Default:
   * false.
   */
  readonly bfloat16?: boolean;
  /** Whether to translate with int8 weights and activations in the layers' matrix products. Default: false. */
  readonly int8?: boolean;
  /** Which of several GPUs, from 0; by default the one of `localRank`. */
  readonly ordinal?: number;
  /** The number of this process among those of its machine that work together, from 0. They share the GPUs. Default: 0. */
  readonly localRank?: number;
  /** Whether the device only searches. If it can search without the tensor library, only `tf.ready()` loads that. */
  readonly forSearch?: boolean;
}

/** Totals of the kernels of one name while a profile was recorded. */
export interface KernelProfile {
  readonly name: string;
  readonly calls: number;
  readonly milliseconds: number; // of all calls together
  /** Floating-point operations of its matrix products; 0 if they are not counted. */
  readonly flops: number;
}

/** What moved between the host and a device with memory of its own, for one operation that the host computed. */
export interface CopyProfile {
  readonly name: string;
  readonly calls: number; // 0 for copies of no operation
  readonly bytesToHost: number;
  readonly bytesToDevice: number;
}

/** How a device spent its time. */
export interface Profile {
  readonly milliseconds: number; // in total
  readonly kernels: readonly KernelProfile[]; // the slowest first
  /** The memory of tensors, in bytes: the most in use so far, and the reserved. */
  readonly pool: { readonly mostInUse: number; readonly reserved: number };
  /** The number of oneDNN's primitives that are kept, on cpu. */
  readonly cachedPrimitives?: number;
  /** Present if the device has memory of its own. */
  readonly copies?: readonly CopyProfile[];
}

/** Measures how a device spends its time. */
export interface Profiler {
  start(): void;
  end(): Profile;
}

/** An open device. Its tfjs backend is the current one after opening. */
export interface Device extends OpenedDevice {
  readonly name: string;
  /** For the log and for checkpoints, e.g. `{ device: 'cpu', oneDNN: '2.6.3', threads: 2, isa: 'AVX2' }`. */
  readonly description: Readonly<Record<string, string | number>>;
  /** Kernels for clipping and the optimizer on the parameter arenas. */
  readonly arenaKernels: ArenaKernels;
  /** Present if the device can time its kernels. */
  readonly profiler?: Profiler;
}

/** A device that can be opened. Opening it loads its packages and makes its backend the current one. */
export interface DeviceDefinition {
  readonly name: string;
  /** @throws UserError naming what is missing */
  open(options: DeviceOptions): Promise<Device>;
}
