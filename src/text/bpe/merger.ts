import { type MergeTable, NO_MERGE } from './merge-table.js';

const FIRST_ROOM = 64;

/**
 * Merges the symbols of words.
 *
 * @param isDropped whether a place is left out at a step, asked place by place
 * @returns a function from a word, UTF-8 in `bytes[from, to)`, to its symbols, which are valid until the next call
 */
export function createMerger(
  table: MergeTable,
  isDropped?: () => boolean,
): (bytes: Buffer, from: number, to: number) => Int32Array {
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

  /** Merges the places of this rank, from the left, and returns how many symbols are left; ranks beside them follow. */
  const mergePlaces = (rank: number, count: number): number => {
    const merged = table.mergedBy(rank);
    ranks[count] = rank; // ends every search
    let kept = ranks.indexOf(rank);
    for (let at = kept; at < count; ) {
      const from = at + 2;
      at = ranks.indexOf(rank, from);
      symbols[kept] = merged;
      symbols.copyWithin(kept + 1, from, at);
      ranks.copyWithin(kept + 1, from, at);
      if (kept > 0) ranks[kept - 1] = table.rankOf(symbols[kept - 1]!, merged);
      ranks[kept] = from < at ? table.rankOf(merged, symbols[kept + 1]!) : NO_MERGE;
      kept += 1 + at - from;
    }
    return kept;
  };

  /** Applies the earliest merge that fits, at every place, until none fits. */
  const mergeAll = (length: number): number => {
    let count = length;
    for (let at = 0; at < count; at += 1) ranks[at] = rankAt(at, count);
    for (let lowest = lowestOf(count); lowest !== NO_MERGE; lowest = lowestOf(count)) {
      count = mergePlaces(lowest, count);
    }
    return count;
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

  return (bytes, from, to) => {
    if (to - from >= symbols.length) {
      symbols = new Int32Array(2 * (to - from));
      ranks = new Int32Array(2 * (to - from));
    }
    const length = table.fill(symbols, bytes, from, to);
    return symbols.subarray(0, isDropped === undefined ? mergeAll(length) : mergeSome(length, isDropped));
  };
}
