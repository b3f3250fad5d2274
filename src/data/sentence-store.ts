/**
 * The sentences of one side of a corpus as ids with a final `</s>`, and their lengths, available without reading them.
 */
export interface SentenceStore {
  readonly sizes: Int32Array; // [sentences], in ids with </s>
  /** The ids of a sentence. @param at its position, counted from 0 */
  sentence(at: number): Int32Array;
  /** @throws UserError if the underlying files have changed since they were opened */
  checkUnchanged(): void;
  /** Closes the underlying files. */
  close(): void;
}

/** A store in memory, for `interactive` and tests. */
export function storeSentences(sentences: readonly Int32Array[]): SentenceStore {
  return {
    sizes: Int32Array.from(sentences, (ids) => ids.length),
    sentence: (at) => sentences[at]!,
    checkUnchanged() {},
    close() {},
  };
}

/** Concatenates stores: the parts of a split, `train`, `train1` …. */
export function concatenateStores(stores: readonly SentenceStore[]): SentenceStore {
  if (stores.length === 1) return stores[0]!;
  const sizes = new Int32Array(stores.reduce((total, store) => total + store.sizes.length, 0));
  const starts: number[] = [];
  let start = 0;
  for (const store of stores) {
    starts.push(start);
    sizes.set(store.sizes, start);
    start += store.sizes.length;
  }
  return {
    sizes,
    sentence(at) {
      const part = starts.findLastIndex((first) => first <= at);
      return stores[part]!.sentence(at - starts[part]!);
    },
    checkUnchanged() {
      for (const store of stores) store.checkUnchanged();
    },
    close() {
      for (const store of stores) store.close();
    },
  };
}

/**
 * Truncates sentences to `length` ids including the final `</s>`, for `--truncate-source`. As in fairseq, the size of a
 * sentence that is not truncated is one too large: fairseq removes and re-appends `</s>`, but counts only the second.
 * Batches depend on these sizes.
 */
export function truncateSentences(store: SentenceStore, length: number): SentenceStore {
  return {
    sizes: store.sizes.map((size) => Math.min(size, length - 1) + 1),
    sentence: (at) => truncateIds(store.sentence(at), length),
    checkUnchanged: () => store.checkUnchanged(),
    close: () => store.close(),
  };
}

/** Truncates a sentence to `length` ids, the last of which is its `</s>`. */
export function truncateIds(ids: Int32Array, length: number): Int32Array {
  if (ids.length <= length) return ids;
  const cut = ids.slice(0, length);
  cut[length - 1] = ids.at(-1)!;
  return cut;
}
