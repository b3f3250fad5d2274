import type { Prefixes } from './search-input.js';

/**
 * The first `size` tokens of each reference, for `--prefix-size`. A literal `<pad>` in a reference is omitted, because
 * no output can contain it.
 */
export function prefixesOf(
  batch: {
    readonly batchSize: number;
    readonly target: Int32Array /* [batch, target] */;
    readonly targetLength: number;
    readonly padIndex: number;
  },
  size: number,
): Prefixes {
  const { batchSize, targetLength, target, padIndex } = batch;
  const length = Math.min(size, targetLength);
  const tokens = new Int32Array(batchSize * length).fill(padIndex);
  const lengths = new Int32Array(batchSize);
  for (let row = 0; row < batchSize; row++) {
    const reference = target.subarray(row * targetLength, (row + 1) * targetLength);
    const prefix = reference.filter((token) => token !== padIndex).subarray(0, length);
    tokens.set(prefix, row * length);
    lengths[row] = prefix.length;
  }
  return { tokens, length, lengths };
}
