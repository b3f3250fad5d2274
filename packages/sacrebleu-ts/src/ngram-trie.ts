const ROOT = 0;

/**
 * The n-grams of a segment as the nodes of a trie: a node is an n-gram, its child an n-gram one symbol longer. Symbols
 * are non-negative integers. All edges are in one open hash table, so that extending an n-gram by a symbol is one step.
 */
export class NgramTrie {
  readonly #maxOrder: number;
  #slots = new Int32Array(256); // the node that an edge leads to; 0 = free
  #mask = 255;
  #parents = new Int32Array(128);
  #symbols = new Int32Array(128);
  #size = 1;
  /** The count of each node's n-gram; valid up to `size`. */
  counts = new Int32Array(128);

  constructor(maxOrder: number) {
    this.#maxOrder = maxOrder;
  }

  /** The number of nodes, including the root. */
  get size(): number {
    return this.#size;
  }

  /** Removes all n-grams and reserves room for those of a number of symbols. */
  reset(symbols: number): void {
    const nodes = symbols * this.#maxOrder + 1;
    let slots = 256;
    while (slots < 2 * nodes) slots *= 2;
    if (slots > this.#slots.length) {
      this.#slots = new Int32Array(slots);
      this.#parents = new Int32Array(slots / 2);
      this.#symbols = new Int32Array(slots / 2);
      this.counts = new Int32Array(slots / 2);
    } else {
      this.#slots.fill(0, 0, slots);
      this.counts.fill(0, 0, this.#size);
    }
    this.#mask = slots - 1;
    this.#size = 1;
  }

  /** Counts every n-gram of the symbols, orders 1 … maxOrder. */
  add(symbols: ArrayLike<number>, length = symbols.length): void {
    for (let start = 0; start < length; start++) {
      const end = Math.min(length, start + this.#maxOrder);
      let node = ROOT;
      for (let position = start; position < end; position++) {
        node = this.#childOrNew(node, symbols[position]!);
        this.counts[node]!++;
      }
    }
  }

  /**
   * Counts the n-grams of the symbols that are in the trie, by order and clipped by their counts, and removes them.
   * @param matches [maxOrder], to which the counts are added, from `offset` in steps of `stride`
   */
  take(symbols: ArrayLike<number>, length: number, matches: number[], offset = 0, stride = 1): void {
    const counts = this.counts;
    for (let start = 0; start < length; start++) {
      const end = Math.min(length, start + this.#maxOrder);
      let node = ROOT;
      for (let position = start, index = offset; position < end; position++, index += stride) {
        node = this.#child(node, symbols[position]!);
        // If an n-gram is not in the trie, no longer one that starts with it is.
        if (node === ROOT) break;
        if (counts[node]! > 0) {
          counts[node]!--;
          matches[index]!++;
        }
      }
    }
  }

  /** The node of the n-gram extended by a symbol, or the root if it is not in the trie. */
  #child(parent: number, symbol: number): number {
    const mask = this.#mask;
    let slot = hash(parent, symbol) & mask;
    for (;;) {
      const node = this.#slots[slot]!;
      if (node === ROOT || (this.#symbols[node] === symbol && this.#parents[node] === parent)) return node;
      slot = (slot + 1) & mask;
    }
  }

  #childOrNew(parent: number, symbol: number): number {
    const mask = this.#mask;
    let slot = hash(parent, symbol) & mask;
    for (;;) {
      const node = this.#slots[slot]!;
      if (node === ROOT) break;
      if (this.#symbols[node] === symbol && this.#parents[node] === parent) return node;
      slot = (slot + 1) & mask;
    }
    const node = this.#size++;
    this.#slots[slot] = node;
    this.#parents[node] = parent;
    this.#symbols[node] = symbol;
    return node;
  }
}

function hash(parent: number, symbol: number): number {
  const mixed = Math.imul(parent, 0x9e3779b1) ^ Math.imul(symbol, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
