import type { SearchInput } from './beam-search.js';

/** The first `size` tokens of each reference: what --prefix-size makes an output begin with. */
export function prefixesOf(
  batch: {
    readonly batchSize: number;
    readonly target: Int32Array /* [batch, target] */;
    readonly targetLength: number;
  },
  size: number,
): NonNullable<SearchInput['prefixTokens']> {
  const length = Math.min(size, batch.targetLength);
  const tokens = new Int32Array(batch.batchSize * length);
  for (let row = 0; row < batch.batchSize; row++) {
    const start = row * batch.targetLength;
    tokens.set(batch.target.subarray(start, start + length), row * length);
  }
  return { tokens, length };
}
