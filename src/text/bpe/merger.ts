import { findPair, type MergeTable, NO_MERGE } from './merge-table.js';

/** The rank of a position whose pair has not been looked up. */
const NOT_LOOKED_UP = -1;

/** Not a slot of the table. */
const NONE = -1;

const INITIAL_CAPACITY = 64;

/** Merges the symbols of words. */
export class Merger {
  readonly #table: MergeTable;
  readonly #isDropped: (() => boolean) | undefined;
  #symbols = new Int32Array(INITIAL_CAPACITY);
  /** The rank of each symbol with its right neighbour. */
  #ranks = new Int32Array(INITIAL_CAPACITY);

  /** The end of the bytes of each symbol of the latest word. Its last symbol may be empty. */
  ends = new Int32Array(INITIAL_CAPACITY);

  /** @param isDropped whether to skip a merge (BPE-dropout), called for every position at every step */
  constructor(table: MergeTable, isDropped?: () => boolean) {
    this.#table = table;
    this.#isDropped = isDropped;
  }

  /** Merges the characters of the UTF-8 word `bytes[from, to)` into symbols. @returns the number of symbols */
  merge(bytes: Uint8Array, from: number, to: number): number {
    if (to - from >= this.#symbols.length) this.#grow(2 * (to - from));
    const length = this.#table.fill(this.#symbols, this.ends, bytes, from, to);
    this.#ranks.fill(NOT_LOOKED_UP, 0, length);
    return this.#mergeAll(length);
  }

  /**
   * Applies the merge of lowest rank at all its positions, until no merge applies. A single function without helpers,
   * because most texts end before V8 would have compiled more.
   */
  #mergeAll(length: number): number {
    const { pairs, mask, merged } = this.#table;
    const isDropped = this.#isDropped;
    const symbols = this.#symbols;
    const ranks = this.#ranks;
    const ends = this.ends;
    for (let count = length; ; ) {
      let lowest = NO_MERGE;
      let first = 0;
      for (let at = 0; at + 1 < count; at += 1) {
        let rank = ranks[at]!;
        if (rank === NOT_LOOKED_UP) {
          const slot = isDropped?.() ? NONE : findPair(pairs, mask, symbols[at]!, symbols[at + 1]!);
          rank = slot === NONE || pairs[slot]! < 0 ? NO_MERGE : pairs[slot + 2]!;
          ranks[at] = rank;
        }
        if (rank < lowest) {
          lowest = rank;
          first = at;
        }
      }
      if (lowest === NO_MERGE) return count;
      let kept = first;
      for (let at = first; at < count; kept += 1) {
        const merges = ranks[at] === lowest;
        const last = merges ? at + 1 : at;
        symbols[kept] = merges ? merged[lowest]! : symbols[at]!;
        ends[kept] = ends[last]!;
        ranks[kept] = merges ? NOT_LOOKED_UP : ranks[at]!;
        if (merges && kept > 0) ranks[kept - 1] = NOT_LOOKED_UP;
        at = last + 1;
      }
      count = kept;
      if (isDropped !== undefined) ranks.fill(NOT_LOOKED_UP, 0, count);
    }
  }

  #grow(capacity: number): void {
    this.#symbols = new Int32Array(capacity);
    this.#ranks = new Int32Array(capacity);
    this.ends = new Int32Array(capacity);
  }
}
