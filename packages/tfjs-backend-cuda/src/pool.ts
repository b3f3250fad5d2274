import { type Block, Slab } from './slab.js';

/** Provides device memory to a pool. */
export interface MemorySource {
  /** Returns 0 if the memory does not suffice. */
  allocate(args: { readonly bytes: number }): number;
  release(args: { readonly address: number }): void;
  memoryInfo(): { readonly free: number; readonly total: number };
}

/** Blocks are aligned like allocations of the driver. */
const ALIGNMENT = 256;

/** The first slab; each further one is as large as all before it, up to the largest. */
const LEAST_SLAB = 2 ** 24;
const LARGEST_SLAB = 2 ** 30;

const roundUp = (bytes: number): number => Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** The device's memory does not suffice. */
export class OutOfDeviceMemory extends Error {
  constructor(
    readonly requested: number, // bytes
    readonly inUse: number, // bytes of tensors
    readonly free: number, // bytes that other programs and this one leave
    readonly total: number, // bytes of the device
  ) {
    super(
      `out of GPU memory: ${mebibytes(requested)} for a tensor beside ${mebibytes(inUse)} of tensors; ${mebibytes(free)} of ${mebibytes(total)} are free`,
    );
    this.name = 'OutOfDeviceMemory';
  }
}

/**
 * Recycles device memory, because the driver's allocation waits for the GPU. Blocks are pieces of large slabs (best fit,
 * neighbours joined). A block may be used again as soon as it is given back, although kernels that read it may not have
 * run: the stream runs them first.
 */
export class DevicePool {
  readonly #source: MemorySource;
  readonly #slabs: Slab[] = [];
  #bytesInUse = 0;
  #mostInUse = 0;

  constructor(source: MemorySource) {
    this.#source = source;
  }

  /** Returns a block of at least this many bytes; its contents are arbitrary. @throws OutOfDeviceMemory */
  take(bytes: number): Block {
    const size = roundUp(bytes);
    const block = this.#place(size);
    this.#bytesInUse += size;
    this.#mostInUse = Math.max(this.#mostInUse, this.#bytesInUse);
    return block;
  }

  /** Takes back a block that no tensor uses any more. */
  give({ slab, address, bytes }: Block): void {
    slab.give(address, bytes);
    this.#bytesInUse -= bytes;
  }

  get bytesInUse(): number {
    return this.#bytesInUse;
  }

  /** The largest number of bytes that were in use at one time. */
  get mostBytesInUse(): number {
    return this.#mostInUse;
  }

  /** The bytes of all slabs. */
  get bytesReserved(): number {
    return this.#slabs.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Returns slabs that no tensor uses to the driver. */
  clear(): void {
    for (const slab of this.#slabs.filter(({ isFree }) => isFree)) {
      this.#slabs.splice(this.#slabs.indexOf(slab), 1);
      this.#source.release({ address: slab.address });
    }
  }

  #place(bytes: number): Block {
    for (const slab of this.#slabs) {
      const address = slab.take(bytes);
      if (address !== null) return { slab, address, bytes };
    }
    const slab = this.#newSlab(bytes);
    return { slab, address: slab.take(bytes)!, bytes };
  }

  #newSlab(bytes: number): Slab {
    const size = Math.max(bytes, Math.min(LARGEST_SLAB, Math.max(LEAST_SLAB, this.bytesReserved)));
    const slab = this.#reserve(size) ?? this.#reserve(bytes) ?? this.#reserveAfterClearing(bytes);
    if (slab === null) {
      const { free, total } = this.#source.memoryInfo();
      throw new OutOfDeviceMemory(bytes, this.#bytesInUse, free, total);
    }
    this.#slabs.push(slab);
    return slab;
  }

  #reserve(bytes: number): Slab | null {
    const address = this.#source.allocate({ bytes });
    return address === 0 ? null : new Slab(address, bytes);
  }

  #reserveAfterClearing(bytes: number): Slab | null {
    this.clear();
    return this.#reserve(bytes);
  }
}
