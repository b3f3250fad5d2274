/** The memory of one tensor: a piece of a slab. A block in lent memory may move. */
export interface Block {
  slab: Slab;
  offset: number; // in bytes; the address is a multiple of 64
  readonly bytes: number; // at least the requested number
  /** Called after the block has moved with its contents: views of it must be made again. */
  onMove: (() => void) | null;
}

/** A range of a slab that no tensor uses. */
interface Gap {
  offset: number;
  bytes: number;
}

/** A large piece of memory and its gaps, which are disjoint, sorted by offset and never adjacent. */
export class Slab {
  readonly #gaps: Gap[];
  #touched = 0;

  /** Manages the whole buffer, or `bytes` of it from `begin` on. */
  constructor(
    readonly buffer: ArrayBuffer,
    begin = 0,
    readonly bytes = buffer.byteLength,
  ) {
    this.#gaps = [{ offset: begin, bytes }];
  }

  /** The end of the part that blocks have used so far. The system has not backed the rest with memory yet. */
  get touched(): number {
    return this.#touched;
  }

  /** The smallest gap with room for this many bytes before `end`, the first among equals; null if there is none. */
  bestGap(bytes: number, end = Number.POSITIVE_INFINITY): Gap | null {
    let best: Gap | null = null;
    for (const gap of this.#gaps) {
      if (gap.bytes < bytes || gap.offset + bytes > end || (best !== null && gap.bytes >= best.bytes)) continue;
      best = gap;
      if (gap.bytes === bytes) break;
    }
    return best;
  }

  /** Takes the start of a gap and returns its offset. */
  take(gap: Gap, bytes: number): number {
    const { offset } = gap;
    this.#cut(gap, offset, bytes);
    this.#touched = Math.max(this.#touched, offset + bytes);
    return offset;
  }

  /** Makes a range a gap again and joins it with adjacent gaps. */
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

  /** Takes all gaps within a range. */
  close(offset: number, bytes: number): void {
    for (const gap of [...this.#gaps]) {
      const [begin, end] = [Math.max(gap.offset, offset), Math.min(gap.offset + gap.bytes, offset + bytes)];
      if (begin < end) this.#cut(gap, begin, end - begin);
    }
  }

  get isFree(): boolean {
    return this.#gaps.length === 1 && this.#gaps[0]!.bytes === this.bytes;
  }

  /** Removes a range from a gap. */
  #cut(gap: Gap, offset: number, bytes: number): void {
    const rest = gap.offset + gap.bytes - (offset + bytes);
    gap.bytes = offset - gap.offset;
    const at = this.#gaps.indexOf(gap);
    const behind = rest > 0 ? [{ offset: offset + bytes, bytes: rest }] : [];
    this.#gaps.splice(gap.bytes > 0 ? at + 1 : at, gap.bytes > 0 ? 0 : 1, ...behind);
  }

  /** The index of the first gap at or after an offset. */
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
