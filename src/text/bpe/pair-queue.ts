import { compareCodePoints } from '../code-points.js';

/** Two adjacent symbols and where they occur. */
export interface SymbolPair {
  readonly left: number;
  readonly right: number;
  /** The texts of the symbols, which break ties. */
  readonly leftText: string;
  readonly rightText: string;
  /** The current count, or undefined while the pair is set aside as rare. */
  count: number | undefined;
  /** The count when the pair was last set aside. */
  asideCount: number;
  /** Occurrences by word index; may be 0, or negative for overlapping counts. */
  readonly words: Map<number, number>;
}

interface Entry {
  readonly pair: SymbolPair;
  readonly count: number;
}

/**
 * A max-heap of pairs by count. Among equal counts, the pair with the greatest texts by code point comes first. Counts
 * may change while a pair is in the heap: after raising a count, push the pair again; `top` detects lowered counts.
 */
export class PairQueue {
  #heap: Entry[] = [];

  /** Replaces the contents by these pairs. */
  reset(pairs: Iterable<SymbolPair>): void {
    this.#heap = [];
    for (const pair of pairs) if (pair.count !== undefined) this.#heap.push({ pair, count: pair.count });
    for (let index = (this.#heap.length >> 1) - 1; index >= 0; index -= 1) this.#sink(index);
  }

  push(pair: SymbolPair): void {
    const heap = this.#heap;
    let index = heap.push({ pair, count: pair.count! }) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!precedes(heap[index]!, heap[parent]!)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  /** The pair with the highest current count, or undefined if none is left. */
  top(): SymbolPair | undefined {
    for (;;) {
      const entry = this.#heap[0];
      if (entry === undefined || entry.pair.count === entry.count) return entry?.pair;
      this.#removeTop();
      // A raised pair has another entry. A lowered pair gets one here.
      if (entry.pair.count !== undefined && entry.pair.count < entry.count) this.push(entry.pair);
    }
  }

  #removeTop(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #sink(start: number): void {
    const heap = this.#heap;
    let index = start;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      if (left >= heap.length) return;
      const child = right < heap.length && precedes(heap[right]!, heap[left]!) ? right : left;
      if (!precedes(heap[child]!, heap[index]!)) return;
      this.#swap(index, child);
      index = child;
    }
  }

  #swap(a: number, b: number): void {
    const entry = this.#heap[a]!;
    this.#heap[a] = this.#heap[b]!;
    this.#heap[b] = entry;
  }
}

function precedes(a: Entry, b: Entry): boolean {
  if (a.count !== b.count) return a.count > b.count;
  const order =
    compareCodePoints(a.pair.leftText, b.pair.leftText) || compareCodePoints(a.pair.rightText, b.pair.rightText);
  return order > 0;
}
