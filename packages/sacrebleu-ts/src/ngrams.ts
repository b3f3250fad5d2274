/** How often each n-gram occurs; the key is its words joined by spaces. */
export type NgramCounts = Map<string, number>;

/** Counts of the n-grams of orders 1 … `maxOrder`: entry n − 1 holds order n. */
export function countNgrams(words: readonly string[], maxOrder: number): NgramCounts[] {
  return Array.from({ length: maxOrder }, (_, index) => {
    const order = index + 1;
    const counts: NgramCounts = new Map();
    for (let start = 0; start + order <= words.length; start++) {
      const ngram = words.slice(start, start + order).join(' ');
      counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
    }
    return counts;
  });
}

/** Raises each count in `into` to that of `other`, order by order: the union of several references. */
export function mergeByMaximum(into: NgramCounts[], other: readonly NgramCounts[]): void {
  for (const [index, counts] of other.entries()) {
    const merged = into[index]!;
    for (const [ngram, count] of counts) merged.set(ngram, Math.max(merged.get(ngram) ?? 0, count));
  }
}
