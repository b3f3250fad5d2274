import { type MergeTable, NO_MERGE } from './merge-table.js';

const FIRST_ROOM = 64;

/**
 * Merges the symbols of words.
 *
 * @param isDropped whether a place is left out at a step, asked place by place
 * @returns a function from a word to its symbols, which are valid until the next call
 */
export function createMerger(table: MergeTable, isDropped?: () => boolean): (word: string) => Int32Array {
  let symbols = new Int32Array(FIRST_ROOM);
  /** The rank of each symbol with its right neighbour. */
  let ranks = new Int32Array(FIRST_ROOM);

  const rankAt = (at: number, count: number): number =>
    at + 1 < count ? table.rankOf(symbols[at]!, symbols[at + 1]!) : NO_MERGE;

  const lowestOf = (count: number): number => {
    let lowest = NO_MERGE;
    for (let at = 0; at < count; at += 1) if (ranks[at]! < lowest) lowest = ranks[at]!;
    return lowest;
  };

  /** Merges the places of this rank, from the left, and returns how many symbols are left; ranks beside them stay. */
  const mergePlaces = (rank: number, count: number): number => {
    const merged = table.mergedBy(rank);
    let kept = 0;
    for (let at = 0; at < count; at += 1, kept += 1) {
      if (ranks[at] === rank) {
        at += 1;
        symbols[kept] = merged;
      } else {
        symbols[kept] = symbols[at]!;
      }
      ranks[kept] = ranks[at]!;
    }
    return kept;
  };

  /** Applies the earliest merge that fits, at every place, until none fits. */
  const mergeAll = (length: number): number => {
    let count = length;
    for (let at = 0; at < count; at += 1) ranks[at] = rankAt(at, count);
    for (;;) {
      const lowest = lowestOf(count);
      if (lowest === NO_MERGE) return count;
      count = mergePlaces(lowest, count);
      const merged = table.mergedBy(lowest);
      for (let at = 0; at < count; at += 1) {
        if (symbols[at] !== merged) continue;
        if (at > 0) ranks[at - 1] = rankAt(at - 1, count);
        ranks[at] = rankAt(at, count);
      }
    }
  };

  /** Like `mergeAll`, where each place is dropped by chance; a merge is applied at the places that were not. */
  const mergeSome = (length: number, drops: () => boolean): number => {
    let count = length;
    while (count > 1) {
      for (let at = 0; at < count; at += 1) ranks[at] = at + 1 < count && drops() ? NO_MERGE : rankAt(at, count);
      const lowest = lowestOf(count);
      if (lowest === NO_MERGE) break;
      count = mergePlaces(lowest, count);
    }
    return count;
  };

  return (word) => {
    if (word.length >= symbols.length) {
      symbols = new Int32Array(2 * word.length);
      ranks = new Int32Array(2 * word.length);
    }
    const length = table.fill(symbols, word);
    return symbols.subarray(0, isDropped === undefined ? mergeAll(length) : mergeSome(length, isDropped));
  };
}
