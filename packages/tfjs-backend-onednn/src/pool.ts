/** Where a pool gets memory from and gives it back to. */
export interface SlabSource {
  newBlock(bytes: number): ArrayBuffer;
  releaseBlock(slab: ArrayBuffer): void;
  /** Where there is a guard: whether a piece of a slab may be touched from here on. */
  guardPiece?(slab: ArrayBuffer, offset: number, bytes: number, permitted: boolean): void;
}

/** Memory of one tensor: a piece of a slab. */
export interface Block {
  readonly slab: Slab;
  readonly offset: number; // bytes, a multiple of 64
  readonly bytes: number; // at least what was asked for
}

/** A stretch of a slab that no tensor uses. */
interface Gap {
  offset: number;
  bytes: number;
}

/** A cache line and an AVX-512 register: where blocks begin. */
const ALIGNMENT = 64;

/** Address space is reserved in pieces of this size; the system backs it with memory when it is first written to. */
const SLAB_BYTES = 2 ** 31;

const roundUp = (bytes: number, unit: number): number => Math.ceil(bytes / unit) * unit;

/** A large stretch of memory and its gaps: disjoint, by offset, never two side by side. */
class Slab {
  readonly #gaps: Gap[];

  constructor(readonly buffer: ArrayBuffer) {
    this.#gaps = [{ offset: 0, bytes: buffer.byteLength }];
  }

  /** The smallest gap of at least this many bytes, the lowest among equals; null where there is none. */
  bestGap(bytes: number): Gap | null {
    let best: Gap | null = null;
    for (const gap of this.#gaps) {
      if (gap.bytes < bytes || (best !== null && gap.bytes >= best.bytes)) continue;
      best = gap;
      if (gap.bytes === bytes) break;
    }
    return best;
  }

  /** Takes the beginning of a gap. */
  take(gap: Gap, bytes: number): Block {
    const { offset } = gap;
    gap.offset += bytes;
    gap.bytes -= bytes;
    if (gap.bytes === 0) this.#gaps.splice(this.#gaps.indexOf(gap), 1);
    return { slab: this, offset, bytes };
  }

  /** Makes a block a gap again, joined with those beside it. */
  give({ offset, bytes }: Block): void {
    const next = this.#firstGapFrom(offset);
    const [before, after] = [this.#gaps[next - 1], this.#gaps[next]];
    const joinsBefore = before !== undefined && before.offset + before.bytes === offset;
    const joinsAfter = after !== undefined && offset + bytes === after.offset;
    if (joinsBefore) {
      before.bytes += bytes + (joinsAfter ? after.bytes : 0);
      if (joinsAfter) this.#gaps.splice(next, 1);
    } else if (joinsAfter) {
      after.offset = offset;
      after.bytes += bytes;
    } else {
      this.#gaps.splice(next, 0, { offset, bytes });
    }
  }

  get isFree(): boolean {
    return this.#gaps.length === 1 && this.#gaps[0]!.bytes === this.buffer.byteLength;
  }

  /** Index of the first gap at or behind an offset. */
  #firstGapFrom(offset: number): number {
    let [low, high] = [0, this.#gaps.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#gaps[middle]!.offset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * Recycles the memory of tensors. Fresh memory costs a page fault for every page that is first written to, which for
 * the short-lived tensors of a training step is as dear as computing them. Batches have many shapes, so blocks are
 * pieces of large slabs (best fit, neighbours joined) and not kept by size: what is reserved follows what is in use.
 */
export class StoragePool {
  readonly #source: SlabSource;
  readonly #slabs: Slab[] = [];
  readonly #own = new WeakSet<ArrayBufferLike>();
  /** Bytes behind every block that a guard lets nobody touch. */
  readonly #guarded: number;
  #bytesInUse = 0;
  #mostInUse = 0;

  constructor(source: SlabSource) {
    this.#source = source;
    this.#guarded = source.guardPiece === undefined ? 0 : ALIGNMENT;
  }

  /** A block of at least this many bytes; its contents are arbitrary. */
  take(bytes: number): Block {
    const size = Math.max(ALIGNMENT, roundUp(bytes, ALIGNMENT)) + this.#guarded;
    const block = this.#takeFrom(this.#slabs, size) ?? this.#takeFrom([this.#newSlab(size)], size)!;
    this.#source.guardPiece?.(block.slab.buffer, block.offset, bytes, true);
    this.#bytesInUse += size;
    this.#mostInUse = Math.max(this.#mostInUse, this.#bytesInUse);
    return block;
  }

  /** Takes back a block that no tensor uses any more. */
  give(block: Block): void {
    this.#source.guardPiece?.(block.slab.buffer, block.offset, block.bytes, false);
    block.slab.give(block);
    this.#bytesInUse -= block.bytes;
  }

  /** True for memory that this pool may hand out again. */
  owns(buffer: ArrayBufferLike): boolean {
    return this.#own.has(buffer);
  }

  get bytesInUse(): number {
    return this.#bytesInUse;
  }

  /** The most that was in use at one time. */
  get mostBytesInUse(): number {
    return this.#mostInUse;
  }

  /** Address space of all slabs. */
  get bytesReserved(): number {
    return this.#slabs.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  }

  /** Gives slabs that no tensor uses back to the system. */
  clear(): void {
    for (const slab of this.#slabs.filter(({ isFree }) => isFree)) {
      this.#slabs.splice(this.#slabs.indexOf(slab), 1);
      this.#source.releaseBlock(slab.buffer);
    }
  }

  /** From the first slab that has room, so that the later ones stay untouched. */
  #takeFrom(slabs: readonly Slab[], bytes: number): Block | null {
    for (const slab of slabs) {
      const gap = slab.bestGap(bytes);
      if (gap !== null) return slab.take(gap, bytes);
    }
    return null;
  }

  /** So many bytes, or as many as the system allows. @throws Error where it does not even allow `least` */
  #reserve(bytes: number, least: number): ArrayBuffer {
    try {
      return this.#source.newBlock(bytes);
    } catch (error) {
      if (bytes <= least) throw error;
      return this.#reserve(Math.max(bytes / 2, least), least);
    }
  }

  #newSlab(bytes: number): Slab {
    const slab = new Slab(this.#reserve(Math.max(SLAB_BYTES, bytes), bytes));
    this.#source.guardPiece?.(slab.buffer, 0, slab.buffer.byteLength, false);
    this.#slabs.push(slab);
    this.#own.add(slab.buffer);
    return slab;
  }
}
