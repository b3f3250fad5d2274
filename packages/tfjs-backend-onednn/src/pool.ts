/** Where a pool gets memory from and gives it back to. */
export interface BlockSource {
  newBlock(bytes: number): ArrayBuffer;
  releaseBlock(block: ArrayBuffer): void;
}

/** Free memory is kept up to this multiple of the most that was ever in use. */
const SLACK = 1.25;

const SMALLEST_BLOCK = 256;

/** Bytes of the block that holds a request: a power of two times 1, 1.25, 1.5 or 1.75. */
export function blockSize(bytes: number): number {
  if (bytes <= SMALLEST_BLOCK) return SMALLEST_BLOCK;
  const step = 2 ** (Math.ceil(Math.log2(bytes)) - 3);
  return Math.ceil(bytes / step) * step;
}

/**
 * Recycles the memory of tensors. Fresh memory costs a page fault for every 4 KiB that is first written to, which for
 * the short-lived tensors of a training step is as dear as computing them.
 */
export class StoragePool {
  readonly #source: BlockSource;
  readonly #free = new Map<number, ArrayBuffer[]>(); // by block size; least recently used size first
  readonly #own = new WeakSet<ArrayBufferLike>();
  #bytesInUse = 0;
  #mostInUse = 0;
  #bytesFree = 0;

  constructor(source: BlockSource) {
    this.#source = source;
  }

  /** A block of at least this many bytes; its contents are arbitrary. */
  take(bytes: number): ArrayBuffer {
    const size = blockSize(bytes);
    this.#bytesInUse += size;
    this.#mostInUse = Math.max(this.#mostInUse, this.#bytesInUse);
    const recycled = this.#free.get(size)?.pop();
    if (recycled !== undefined) {
      this.#bytesFree -= size;
      return recycled;
    }
    this.#shrink();
    const block = this.#source.newBlock(size);
    this.#own.add(block);
    return block;
  }

  /** Takes back a block that no tensor uses any more. */
  give(block: ArrayBuffer): void {
    const size = block.byteLength;
    const blocks = this.#free.get(size) ?? [];
    blocks.push(block);
    this.#free.delete(size);
    this.#free.set(size, blocks);
    this.#bytesInUse -= size;
    this.#bytesFree += size;
  }

  /** True for memory that this pool may hand out again. */
  owns(buffer: ArrayBufferLike): boolean {
    return this.#own.has(buffer);
  }

  get bytesInUse(): number {
    return this.#bytesInUse;
  }

  get bytesFree(): number {
    return this.#bytesFree;
  }

  /** Gives all free blocks back to the system. */
  clear(): void {
    this.#releaseDownTo(0);
  }

  #shrink(): void {
    this.#releaseDownTo(Math.max(0, this.#mostInUse * SLACK - this.#bytesInUse));
  }

  #releaseDownTo(bytes: number): void {
    for (const [size, blocks] of this.#free) {
      while (this.#bytesFree > bytes && blocks.length > 0) {
        this.#source.releaseBlock(blocks.pop()!);
        this.#bytesFree -= size;
      }
      if (blocks.length === 0) this.#free.delete(size);
      if (this.#bytesFree <= bytes) return;
    }
  }
}
