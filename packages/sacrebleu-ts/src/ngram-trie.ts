const ROOT = 0;

/**
 * The n-grams of a segment as the nodes of a trie: a node is an n-gram, its child an n-gram one symbol longer. Symbols
 * are non-negative integers. The edges lie in one open hash table, so that counting an n-gram of any order is a step
 * from the one before it.
 */
export class NgramTrie {
  readonly #maxOrder: number;
  #slots = new Int32Array(256); // the node that an edge leads to; 0 = free
  #mask = 255;
  #parents = new Int32Array(128);
  #symbols = new Int32Array(128);
  #size = 1;
  /** By node: how often its n-gram occurs. Valid up to `size`. */
  counts = new Int32Array(128);

  constructor(maxOrder: number) {
    this.#maxOrder = maxOrder;
  }

  /** The nodes there are, the root included. */
  get size(): number {
    return this.#size;
  }

  /** Forgets all n-grams and makes room for those of so many symbols. */
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
   * How many n-grams of the symbols are here too, by order, each as often as it was counted at most. Takes them out.
   * @param matches [maxOrder], is added to, from `offset` in steps of `stride`
   */
  take(symbols: ArrayLike<number>, length: number, matches: number[], offset = 0, stride = 1): void {
    const counts = this.counts;
    for (let start = 0; start < length; start++) {
      const end = Math.min(length, start + this.#maxOrder);
      let node = ROOT;
      for (let position = start, index = offset; position < end; position++, index += stride) {
        node = this.#child(node, symbols[position]!);
        // An n-gram that is not here begins no longer one that is.
        if (node === ROOT) break;
        if (counts[node]! > 0) {
          counts[node]!--;
          matches[index]!++;
        }
      }
    }
  }

  /** The node of an n-gram one symbol longer, or the root where it is not here. */
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
