import type { SearchInput } from '../search/index.js';
import type { SourceBatch } from '../tasks/collate.js';

/**
 * Cuts a batch into parts of so many sentences at most. All keep the batch's padded length, which the longest output is
 * worked out from.
 */
export function partsOfBatch(batch: SourceBatch, mostSentences: number): SearchInput[] {
  const { ids, batchSize, sourceLength, sourceTokens, sourceLengths } = batch;
  const parts: SearchInput[] = [];
  for (let from = 0; from < batchSize; from += mostSentences) {
    const to = Math.min(from + mostSentences, batchSize);
    parts.push({
      ids: ids.subarray(from, to),
      batchSize: to - from,
      sourceLength,
      sourceTokens: sourceTokens.subarray(from * sourceLength, to * sourceLength),
      sourceLengths: sourceLengths.subarray(from, to),
    });
  }
  return parts;
}
