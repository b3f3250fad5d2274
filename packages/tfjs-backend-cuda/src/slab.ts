/** A range of device memory that one tensor uses. */
export interface Block {
  readonly slab: Slab;
  readonly address: number; // a multiple of 256
  readonly bytes: number; // at least the requested number
}

/** A range of a slab that no tensor uses. */
interface Gap {
  address: number;
  bytes: number;
}

/** A large piece of device memory and its gaps, which are disjoint, sorted by address and never adjacent. */
export class Slab {
  readonly #gaps: Gap[];

  constructor(
    readonly address: number,
    readonly bytes: number,
  ) {
    this.#gaps = [{ address, bytes }];
  }

  /** Whether no tensor uses the slab. */
  get isFree(): boolean {
    return this.#gaps.length === 1 && this.#gaps[0]!.bytes === this.bytes;
  }

  /** Takes the start of the smallest gap with room, the first among equals. Returns its address, or null. */
  take(bytes: number): number | null {
    const best = this.#bestGap(bytes);
    if (best === -1) return null;
    const gap = this.#gaps[best]!;
    const { address } = gap;
    if (gap.bytes === bytes) {
      this.#gaps.splice(best, 1);
    } else {
      gap.address += bytes;
      gap.bytes -= bytes;
    }
    return address;
  }

  /** Makes a range a gap again and joins it with adjacent gaps. */
  give(address: number, bytes: number): void {
    const next = this.#firstGapFrom(address);
    const [before, after] = [this.#gaps[next - 1], this.#gaps[next]];
    const joinsBefore = before !== undefined && before.address + before.bytes === address;
    const joinsAfter = after !== undefined && address + bytes === after.address;
    if (joinsBefore) {
      before.bytes += bytes + (joinsAfter ? after.bytes : 0);
      if (joinsAfter) this.#gaps.splice(next, 1);
    } else if (joinsAfter) {
      after.address = address;
      after.bytes += bytes;
    } else {
      this.#gaps.splice(next, 0, { address, bytes });
    }
  }

  #bestGap(bytes: number): number {
    let best = -1;
    for (let i = 0; i < this.#gaps.length; i++) {
      const gap = this.#gaps[i]!;
      if (gap.bytes < bytes || (best !== -1 && gap.bytes >= this.#gaps[best]!.bytes)) continue;
      best = i;
      if (gap.bytes === bytes) break;
    }
    return best;
  }

  /** The index of the first gap at or after an address. */
  #firstGapFrom(address: number): number {
    let [low, high] = [0, this.#gaps.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#gaps[middle]!.address < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
