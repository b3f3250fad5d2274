/** Memory of one tensor: a piece of a slab. A block of lent memory may move to another place. */
export interface Block {
  slab: Slab;
  offset: number; // bytes; the address is a multiple of 64
  readonly bytes: number; // at least what was asked for
  /** Called when the block has moved, its contents with it: views of it are to be made again. */
  onMove: (() => void) | null;
}

/** A stretch of a slab that no tensor uses. */
interface Gap {
  offset: number;
  bytes: number;
}

/** A large stretch of memory and its gaps: disjoint, by offset, never two side by side. */
export class Slab {
  readonly #gaps: Gap[];
  #touched = 0;

  /** The whole buffer, or `bytes` of it from `begin` on. */
  constructor(
    readonly buffer: ArrayBuffer,
    begin = 0,
    readonly bytes = buffer.byteLength,
  ) {
    this.#gaps = [{ offset: begin, bytes }];
  }

  /** What lies behind this offset was never part of a block: the system has not backed it with memory yet. */
  get touched(): number {
    return this.#touched;
  }

  /** The smallest gap with room for so many bytes before `end`, the lowest among equals; null where there is none. */
  bestGap(bytes: number, end = Number.POSITIVE_INFINITY): Gap | null {
    let best: Gap | null = null;
    for (const gap of this.#gaps) {
      if (gap.bytes < bytes || gap.offset + bytes > end || (best !== null && gap.bytes >= best.bytes)) continue;
      best = gap;
      if (gap.bytes === bytes) break;
    }
    return best;
  }

  /** Takes the beginning of a gap; returns its offset. */
  take(gap: Gap, bytes: number): number {
    const { offset } = gap;
    this.#cut(gap, offset, bytes);
    this.#touched = Math.max(this.#touched, offset + bytes);
    return offset;
  }

  /** Makes a stretch a gap again, joined with those beside it. */
  give(offset: number, bytes: number): void {
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

  /** Takes whatever of a stretch is a gap. */
  close(offset: number, bytes: number): void {
    for (const gap of [...this.#gaps]) {
      const [begin, end] = [Math.max(gap.offset, offset), Math.min(gap.offset + gap.bytes, offset + bytes)];
      if (begin < end) this.#cut(gap, begin, end - begin);
    }
  }

  get isFree(): boolean {
    return this.#gaps.length === 1 && this.#gaps[0]!.bytes === this.bytes;
  }

  /** Takes a stretch out of a gap. */
  #cut(gap: Gap, offset: number, bytes: number): void {
    const rest = gap.offset + gap.bytes - (offset + bytes);
    gap.bytes = offset - gap.offset;
    const at = this.#gaps.indexOf(gap);
    const behind = rest > 0 ? [{ offset: offset + bytes, bytes: rest }] : [];
    this.#gaps.splice(gap.bytes > 0 ? at + 1 : at, gap.bytes > 0 ? 0 : 1, ...behind);
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
