import { type Block, Slab } from './slab.js';

/** Provides memory to a pool. */
export interface SlabSource {
  newBlock(bytes: number): ArrayBuffer;
  releaseBlock(slab: ArrayBuffer): void;
  /** The offset of a typed array's first element from the last multiple of 64 bytes. */
  misalignment(memory: Float32Array): number;
  /** Permits or forbids access to a piece of a slab. Absent without AddressSanitizer. */
  guardPiece?(args: { block: ArrayBuffer; offset: number; bytes: number; permitted: boolean }): void;
}

/** Blocks are aligned to a cache line, which is also an AVX-512 register. */
const ALIGNMENT = 64;

/**
 * The size of slabs. Their address space is reserved at once; the system backs it with memory when it is first written.
 */
const SLAB_BYTES = 2 ** 31;

/** The size of slabs with a guard, whose marks take an eighth of the slab and are written when it is reserved. */
const GUARDED_SLAB_BYTES = 2 ** 26;

/** Smaller blocks are not placed in lent memory, where they would only be in the way. */
const LEAST_LENT = 2 ** 18;

const contentsOf = ({ slab, offset }: Block, bytes: number): Uint8Array => new Uint8Array(slab.buffer, offset, bytes);

const roundUp = (bytes: number, unit: number): number => Math.ceil(bytes / unit) * unit;

/** Memory of another owner that the pool uses until it is called back, piece by piece. */
interface Loan {
  readonly memory: Float32Array;
  readonly slab: Slab;
  readonly blocks: Set<Block>;
  /** Whether the loan is to end: no new block is placed there. */
  isEnding: boolean;
}

/**
 * Recycles the memory of tensors. The first write to each page of fresh memory causes a page fault, which for the
 * short-lived tensors of a training step costs as much as computing them. Batches have many shapes, so blocks are
 * pieces of large slabs (best fit, neighbours joined) and are not kept by size. The reserved memory therefore follows
 * the memory in use.
 */
export class StoragePool {
  readonly #source: SlabSource;
  readonly #slabs: Slab[] = [];
  readonly #own = new WeakSet<ArrayBufferLike>();
  /** Bytes after every block that a guard forbids to access. */
  readonly #guarded: number;
  readonly #slabBytes: number;
  #loan: Loan | null = null;
  #bytesInUse = 0;
  #mostInUse = 0;

  constructor(source: SlabSource) {
    this.#source = source;
    const hasGuard = source.guardPiece !== undefined;
    this.#guarded = hasGuard ? ALIGNMENT : 0;
    this.#slabBytes = hasGuard ? GUARDED_SLAB_BYTES : SLAB_BYTES;
  }

  /** Returns a block of at least this many bytes; its contents are arbitrary. */
  take(bytes: number): Block {
    const size = Math.max(ALIGNMENT, roundUp(bytes, ALIGNMENT)) + this.#guarded;
    const block: Block = { ...this.#place(size), bytes: size, onMove: null };
    this.#enter(block);
    this.#bytesInUse += size;
    this.#mostInUse = Math.max(this.#mostInUse, this.#bytesInUse);
    return block;
  }

  /** Takes back a block that no tensor uses any more. */
  give(block: Block): void {
    this.#loan?.blocks.delete(block);
    this.#leave(block);
    this.#bytesInUse -= block.bytes;
  }

  /**
   * Adds memory that its owner does not need to the pool until `callBack`. Blocks are placed there only if the touched
   * part of the slabs has no room, so that long-lived blocks, which come first, are not.
   * @throws Error if an earlier loan has not ended and cannot end now
   */
  lend(memory: Float32Array): void {
    if (this.#loan?.isEnding) this.endLoan();
    if (this.#loan !== null) throw new Error('the pool already has lent memory');
    const skipped = (ALIGNMENT - this.#source.misalignment(memory)) % ALIGNMENT;
    const bytes = memory.byteLength - skipped;
    if (bytes < LEAST_LENT) return;
    const buffer = memory.buffer as ArrayBuffer;
    const slab = new Slab(buffer, memory.byteOffset + skipped, bytes);
    this.#loan = { memory, slab, blocks: new Set(), isEnding: false };
    this.#own.add(buffer);
    this.#guard(slab, memory.byteOffset + skipped, bytes, false);
  }

  /**
   * Returns a part of the lent memory to its owner: blocks in it move. Does nothing without a loan.
   * @throws Error if there is no memory to move a block to. The block then stays, and the part is not returned yet
   */
  callBack({ byteOffset, byteLength }: Float32Array): void {
    if (this.#loan === null) return;
    const { slab, blocks } = this.#loan;
    slab.close(byteOffset, byteLength);
    for (const block of [...blocks]) {
      if (block.offset >= byteOffset + byteLength || byteOffset >= block.offset + block.bytes) continue;
      this.#move(block);
      slab.close(byteOffset, byteLength); // the place that it left
    }
    this.#guard(slab, byteOffset, byteLength, true);
  }

  /** Returns all lent memory. @throws Error as `callBack` does; the loan then ends before the next one begins */
  endLoan(): void {
    if (this.#loan === null) return;
    this.#loan.isEnding = true;
    this.callBack(this.#loan.memory);
    this.#loan = null;
  }

  /** Whether this pool may hand out this memory again. */
  owns(buffer: ArrayBufferLike): boolean {
    return this.#own.has(buffer);
  }

  get bytesInUse(): number {
    return this.#bytesInUse;
  }

  /** The largest number of bytes that were in use at one time. */
  get mostBytesInUse(): number {
    return this.#mostInUse;
  }

  /** The address space of all slabs, in bytes. */
  get bytesReserved(): number {
    return this.#slabs.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Returns slabs that no tensor uses to the system. */
  clear(): void {
    for (const slab of this.#slabs.filter(({ isFree }) => isFree)) {
      this.#slabs.splice(this.#slabs.indexOf(slab), 1);
      this.#source.releaseBlock(slab.buffer);
    }
  }

  /** Finds a place for a new block. */
  #place(bytes: number): { slab: Slab; offset: number } {
    const loan = this.#loan?.isEnding || bytes < LEAST_LENT ? null : this.#loan;
    const place =
      (loan && (this.#takeFrom(this.#slabs, bytes, true) ?? this.#takeFrom([loan.slab], bytes))) ??
      this.#takeFrom(this.#slabs, bytes) ??
      this.#takeFrom([this.#newSlab(bytes)], bytes);
    return place!;
  }

  /** Takes from the first slab that has room, so that later ones stay untouched. */
  #takeFrom(slabs: readonly Slab[], bytes: number, onlyTouched = false): { slab: Slab; offset: number } | null {
    for (const slab of slabs) {
      const gap = slab.bestGap(bytes, onlyTouched ? slab.touched : undefined);
      if (gap !== null) return { slab, offset: slab.take(gap, bytes) };
    }
    return null;
  }

  #guard({ buffer }: Slab, offset: number, bytes: number, permitted: boolean): void {
    this.#source.guardPiece?.({ block: buffer, offset, bytes, permitted });
  }

  #enter(block: Block): void {
    this.#guard(block.slab, block.offset, block.bytes - this.#guarded, true);
    if (block.slab === this.#loan?.slab) this.#loan.blocks.add(block);
  }

  #leave({ slab, offset, bytes }: Block): void {
    this.#guard(slab, offset, bytes, false);
    slab.give(offset, bytes);
  }

  #move(block: Block): void {
    const left = { ...block };
    const place = this.#place(block.bytes); // throws if there is none
    this.#loan?.blocks.delete(block);
    Object.assign(block, place);
    this.#enter(block);
    contentsOf(block, block.bytes - this.#guarded).set(contentsOf(left, block.bytes - this.#guarded));
    this.#leave(left);
    block.onMove?.();
  }

  /** Reserves this many bytes, or as many as the system allows. @throws Error if it does not allow `least` */
  #reserve(bytes: number, least: number): ArrayBuffer {
    try {
      return this.#source.newBlock(bytes);
    } catch (error) {
      if (bytes <= least) throw error;
      return this.#reserve(Math.max(bytes / 2, least), least);
    }
  }

  #newSlab(bytes: number): Slab {
    const slab = new Slab(this.#reserve(Math.max(this.#slabBytes, bytes), bytes));
    this.#guard(slab, 0, slab.bytes, false);
    this.#slabs.push(slab);
    this.#own.add(slab.buffer);
    return slab;
  }
}
