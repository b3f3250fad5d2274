/** The sentences of one side of a corpus as ids, each ended by `</s>`, and their lengths without reading them. */
export interface SentenceStore {
  readonly sizes: Int32Array; // [sentences], in ids with </s>
  /** The ids of one sentence, counted from 0. */
  sentence(at: number): Int32Array;
  /** @throws UserError where the files behind it were written to since they were opened */
  checkUnchanged(): void;
  /** Closes the files behind it. */
  close(): void;
}

/** A store in memory: for `interactive`, and for tests. */
export function storeSentences(sentences: readonly Int32Array[]): SentenceStore {
  return {
    sizes: Int32Array.from(sentences, (ids) => ids.length),
    sentence: (at) => sentences[at]!,
    checkUnchanged() {},
    close() {},
  };
}

/** Several stores, one after the other: the parts of a split, `train`, `train1` …. */
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
 * Cuts sentences to `length` ids, the last one still `</s>`: `--truncate-source`. As in fairseq, whose batches depend on it,
 * a sentence that is not cut counts one id more than it has: its `</s>` is taken off and put on again, the sizes know only
 * the second.
 */
export function truncateSentences(store: SentenceStore, length: number): SentenceStore {
  return {
    sizes: store.sizes.map((size) => Math.min(size, length - 1) + 1),
    sentence: (at) => truncateIds(store.sentence(at), length),
    checkUnchanged: () => store.checkUnchanged(),
    close: () => store.close(),
  };
}

/** The first ids of a sentence, the last of them its `</s>`. */
export function truncateIds(ids: Int32Array, length: number): Int32Array {
  if (ids.length <= length) return ids;
  const cut = ids.slice(0, length);
  cut[length - 1] = ids.at(-1)!;
  return cut;
}
