import type { CudaBackend } from '../backend.js';
import type { Driver } from '../driver.js';
import type { Address, HostDevice } from '../host/host-device.js';
import type { Block } from '../slab.js';

/** A GPU as search uses it: with memory that is kept between steps. */
export interface SearchDevice extends HostDevice {
  readonly driver: Pick<Driver, 'copy' | 'download' | 'fill' | 'upload'>;
  /** @throws OutOfDeviceMemory */
  takeMemory(bytes: number): Block;
  giveMemory(block: Block): void;
}

/**
 * The backend's GPU. What search computes does not depend on the precision that the backend has at the moment: its products
 * have that of the model, and everything else is float32.
 */
export function searchDevice(backend: CudaBackend): SearchDevice {
  const { modules, launcher, driver, multiprocessors, sharedMemoryPerBlock } = backend;
  return {
    ...{ modules, launcher, driver, multiprocessors, sharedMemoryPerBlock, precision: 'float32' },
    borrow: (bytes, work) => backend.borrow(bytes, work),
    takeMemory: (bytes) => backend.takeMemory(bytes),
    giveMemory: (block) => backend.giveMemory(block),
  };
}

/** Device memory with one owner, which frees it with `dispose`. */
export class OwnedMemory {
  readonly #device: SearchDevice;
  readonly #blocks = new Map<Address, Block>();

  constructor(device: SearchDevice) {
    this.#device = device;
  }

  /** Returns an address, a multiple of 256; the contents are arbitrary. @throws OutOfDeviceMemory */
  take(bytes: number): Address {
    const block = this.#device.takeMemory(bytes);
    this.#blocks.set(block.address, block);
    return block.address;
  }

  /** The bytes that are taken. */
  get bytes(): number {
    return [...this.#blocks.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Frees what `take` returned. Kernels that are in the stream may still use it. */
  give(address: Address): void {
    const block = this.#blocks.get(address);
    if (block === undefined) return;
    this.#blocks.delete(address);
    this.#device.giveMemory(block);
  }

  dispose(): void {
    for (const address of [...this.#blocks.keys()]) this.give(address);
  }
}

/** Memory that is replaced by larger memory when it does not suffice. Its contents are then lost. */
export class GrowingMemory {
  readonly #memory: OwnedMemory;
  #address: Address = 0;
  #bytes = 0;

  constructor(memory: OwnedMemory) {
    this.#memory = memory;
  }

  get address(): Address {
    return this.#address;
  }

  /** Returns an address with at least this many bytes. @throws OutOfDeviceMemory */
  reserve(bytes: number): Address {
    if (bytes <= this.#bytes) return this.#address;
    this.#memory.give(this.#address);
    [this.#address, this.#bytes] = [0, 0];
    this.#address = this.#memory.take(bytes);
    this.#bytes = bytes;
    return this.#address;
  }
}
