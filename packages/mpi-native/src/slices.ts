/** A range of a vector. */
export interface Slice {
  readonly from: number; // the index of the first element
  readonly to: number; // the index after the last element
}

/**
 * The range of a vector that belongs to a rank. The ranges are contiguous and in rank order; the first `length mod size` ranks have
 * one element more than the others.
 * @throws RangeError if `length` or `size` is not a whole number, or there is no such rank
 */
export function sliceOf(length: number, rank: number, size: number): Slice {
  if (!Number.isSafeInteger(length) || length < 0) throw new RangeError(`a vector cannot have ${length} elements`);
  if (!Number.isSafeInteger(size) || size < 1) throw new RangeError(`there cannot be ${size} ranks`);
  if (!Number.isSafeInteger(rank) || rank < 0 || rank >= size)
    throw new RangeError(`${size} ranks have no rank ${rank}`);
  const longer = length % size;
  const shortest = (length - longer) / size;
  const startOf = (index: number): number => index * shortest + Math.min(index, longer);
  return { from: startOf(rank), to: startOf(rank + 1) };
}
