import { type Block, Slab } from './slab.js';

/** Where a pool gets memory from and gives it back to. */
export interface SlabSource {
  newBlock(bytes: number): ArrayBuffer;
  releaseBlock(slab: ArrayBuffer): void;
  /** Bytes from the last multiple of 64 to the address of a typed array's first element. */
  misalignment(memory: Float32Array): number;
  /** Where there is a guard: whether a piece of a slab may be touched from here on. */
  guardPiece?(args: { block: ArrayBuffer; offset: number; bytes: number; permitted: boolean }): void;
}

/** A cache line and an AVX-512 register: where blocks begin. */
const ALIGNMENT = 64;

/** Address space is reserved in pieces of this size; the system backs it with memory when it is first written to. */
const SLAB_BYTES = 2 ** 31;

/** The same where there is a guard, whose marks are memory: an eighth of the slab, touched when it is reserved. */
const GUARDED_SLAB_BYTES = 2 ** 26;

/** Smaller blocks do not go into lent memory: they would only be in the way. */
const LEAST_LENT = 2 ** 18;

const contentsOf = ({ slab, offset }: Block, bytes: number): Uint8Array => new Uint8Array(slab.buffer, offset, bytes);

const roundUp = (bytes: number, unit: number): number => Math.ceil(bytes / unit) * unit;

/** Somebody's memory that the pool uses until it is called back, piece by piece. */
interface Loan {
  readonly memory: Float32Array;
  readonly slab: Slab;
  readonly blocks: Set<Block>;
  /** It is to end: no block goes there any more. */
  isEnding: boolean;
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

  /** A block of at least this many bytes; its contents are arbitrary. */
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
   * Makes memory that its owner does not need now a part of the pool until `callBack`. Blocks go there only when there is
   * no room in what the pool has touched so far: so that the long-lived ones, which come first, do not.
   * @throws Error where an earlier loan has not ended, and cannot end now
   */
  lend(memory: Float32Array): void {
    if (this.#loan?.isEnding) this.endLoan();
    if (this.#loan !== null) throw new Error('the pool has lent memory already');
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
   * The owner needs a part of what was lent: blocks in it move. Does nothing where nothing is lent.
   * @throws Error where there is no memory to move one to: it stays where it is, and the part is not the owner's yet
   */
  callBack({ byteOffset, byteLength }: Float32Array): void {
    if (this.#loan === null) return;
    const { slab, blocks } = this.#loan;
    slab.close(byteOffset, byteLength);
    for (const block of [...blocks]) {
      if (block.offset >= byteOffset + byteLength || byteOffset >= block.offset + block.bytes) continue;
      this.#move(block);
      slab.close(byteOffset, byteLength); // where it lay
    }
    this.#guard(slab, byteOffset, byteLength, true);
  }

  /** The owner needs all of it. @throws Error as `callBack`; the loan then ends before the next one begins */
  endLoan(): void {
    if (this.#loan === null) return;
    this.#loan.isEnding = true;
    this.callBack(this.#loan.memory);
    this.#loan = null;
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
    return this.#slabs.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Gives slabs that no tensor uses back to the system. */
  clear(): void {
    for (const slab of this.#slabs.filter(({ isFree }) => isFree)) {
      this.#slabs.splice(this.#slabs.indexOf(slab), 1);
      this.#source.releaseBlock(slab.buffer);
    }
  }

  /** Where a new block goes. */
  #place(bytes: number): { slab: Slab; offset: number } {
    const loan = this.#loan?.isEnding || bytes < LEAST_LENT ? null : this.#loan;
    const place =
      (loan && (this.#takeFrom(this.#slabs, bytes, true) ?? this.#takeFrom([loan.slab], bytes))) ??
      this.#takeFrom(this.#slabs, bytes) ??
      this.#takeFrom([this.#newSlab(bytes)], bytes);
    return place!;
  }

  /** From the first slab that has room, so that the later ones stay untouched. */
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
    const place = this.#place(block.bytes); // throws where there is none
    this.#loan?.blocks.delete(block);
    Object.assign(block, place);
    this.#enter(block);
    contentsOf(block, block.bytes - this.#guarded).set(contentsOf(left, block.bytes - this.#guarded));
    this.#leave(left);
    block.onMove?.();
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
    const slab = new Slab(this.#reserve(Math.max(this.#slabBytes, bytes), bytes));
    this.#guard(slab, 0, slab.bytes, false);
    this.#slabs.push(slab);
    this.#own.add(slab.buffer);
    return slab;
  }
}
