import { createHash } from 'node:crypto';
import type { TranslationData } from '../tasks/translation-data.js';

/** The number of sentence pairs whose tokens are hashed. */
const MAX_HASHED_PAIRS = 10_000;

/** Identifies data: SHA-256 of the lengths of all pairs and the ids of the first ones. */
export function hashOfData(data: TranslationData): string {
  const hash = createHash('sha256');
  for (const sizes of [data.sizes.source, data.sizes.target ?? new Int32Array()]) hash.update(sizes);
  for (let id = 0; id < Math.min(data.length, MAX_HASHED_PAIRS); id++) {
    const { source, target } = data.pair(id);
    hash.update(source);
    if (target !== null) hash.update(target);
  }
  return hash.digest('hex');
}
