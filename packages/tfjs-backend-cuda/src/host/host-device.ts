import type { Driver } from '../driver.js';
import type { Launcher } from '../launch.js';
import type { Modules } from '../modules.js';

/** What products multiply: `bfloat16` rounds the operands and multiplies them on tensor cores. Sums are float32. */
export type Precision = 'float32' | 'bfloat16';

/** How the elements of a float32 tensor are stored in the memory of the device. Without a name for it, as float32. */
export type Storage = 'float32' | 'bfloat16';

/**
 * What the host side of a kernel needs. Host sides take device addresses, sizes and settings, under the names that the
 * oneDNN package's add-on has for them, and return as soon as their kernels are in the stream.
 */
export interface HostDevice {
  readonly modules: Pick<Modules, 'kernel'>;
  readonly launcher: Pick<Launcher, 'launch'>;
  readonly driver: Pick<Driver, 'copy' | 'fill' | 'upload'>;
  /** The number of multiprocessors. It may change the shape of a launch, but no bit of a result. */
  readonly multiprocessors: number;
  /** The most bytes of shared memory of a block. */
  readonly sharedMemoryPerBlock: number;
  /** What linear layers, attention and the classifier multiply. Sums and everything else are float32. */
  readonly precision: Precision;
  /**
   * Lends memory of the device, aligned to 256 bytes, to the kernels that `work` starts. The stream runs in order, so
   * the memory may serve the next kernels as soon as `work` returns.
   */
  borrow(bytes: number, work: (address: number) => void): void;
}

/** An address of device memory. */
export type Address = number;

/** The number of blocks of `unit` elements that cover `count`. */
export const blocksOf = (count: number, unit: number): number => Math.ceil(count / unit);

/** `count`, rounded up to a multiple of `unit`. */
export const roundUp = (count: number, unit: number): number => blocksOf(count, unit) * unit;

/** Blocks that fill every multiprocessor a few times over, for kernels whose threads share any number of elements. */
export const loopingBlocks = (device: HostDevice, elements: number, elementsOfBlock: number): number =>
  Math.min(blocksOf(elements, elementsOfBlock), 16 * device.multiprocessors);
