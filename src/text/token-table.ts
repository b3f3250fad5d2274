/** FNV-1a: start with HASH_START, then apply `hashByte` to every byte of the token. */
export const HASH_START = 0x811c9dc5 | 0;

/** One step of the hash FNV-1a. */
export const hashByte = (hash: number, byte: number): number => Math.imul(hash ^ byte, 0x01000193);

/** The load factor up to which open addressing is fast. */
const MAX_LOAD = 0.5;
const EMPTY = -1;

/** The number of bytes that a float64 represents exactly. */
const PREFIX_BYTES = 6;

/** A list of tokens with their hashes, as plain data for another table. */
export interface TokenList {
  readonly bytes: Uint8Array;
  /** The end of each token in `bytes`; token i starts where token i − 1 ends. */
  readonly ends: Float64Array;
  readonly hashes: Int32Array;
}

/**
 * A table of tokens as UTF-8 bytes, numbered 0, 1 … in the order of their addition. A lookup creates no string and
 * allocates nothing. The table can have more entries than a Map, which is limited to 2^24, and takes a third of the
 * memory.
 */
export class TokenTable {
  #size = 0;
  /** Entry numbers by hash. */
  #slots: Int32Array;
  #hashes: Int32Array;
  /** The end of each entry in `#bytes`; entry i starts where entry i − 1 ends. */
  #ends: Float64Array;
  #bytes: Buffer;
  /** The bytes of the text to look up. */
  #encoded = Buffer.alloc(256);

  /** @param capacity initial capacity in tokens, a power of two; growing makes V8 recompile lookups */
  constructor(capacity = 1 << 11) {
    this.#slots = new Int32Array(capacity / MAX_LOAD).fill(EMPTY);
    this.#hashes = new Int32Array(capacity);
    this.#ends = new Float64Array(capacity);
    this.#bytes = Buffer.alloc(16 * capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** The number of the token `bytes[from, to)` with the given hash, or −1. */
  find(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = spread(hash) & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot]!;
      if (entry === EMPTY || (this.#hashes[entry] === hash && this.#equals(entry, bytes, from, to))) return entry;
    }
  }

  /** The number of a token, which is added if it is new. */
  add(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const known = this.find(bytes, from, to, hash);
    return known === EMPTY ? this.#append(bytes, from, to, hash) : known;
  }

  /** The number of a text, or −1, also for text with a lone surrogate. */
  findText(token: string): number {
    const length = this.#encode(token);
    const entry = this.find(this.#encoded, 0, length, hashOf(this.#encoded, length));
    return entry !== EMPTY && /\p{Surrogate}/u.test(token) ? EMPTY : entry;
  }

  /** The number of a text, which is added if it is new. */
  addText(token: string): number {
    const length = this.#encode(token);
    return this.add(this.#encoded, 0, length, hashOf(this.#encoded, length));
  }

  /** The number of a token of another table, which is added if it is new. */
  addFrom(other: TokenTable, entry: number): number {
    return this.add(other.#bytes, other.#start(entry), other.#ends[entry]!, other.#hashes[entry]!);
  }

  text(entry: number): string {
    return this.#bytes.toString('utf8', this.#start(entry), this.#ends[entry]);
  }

  /** Compares two tokens by code point, which equals the order of their bytes; negative if `a` comes first. */
  compare(a: number, b: number): number {
    return this.#bytes.compare(this.#bytes, this.#start(b), this.#ends[b], this.#start(a), this.#ends[a]);
  }

  /** The first bytes of a token as a number. Unequal numbers order tokens like `compare`. */
  prefix(entry: number): number {
    const [start, end] = [this.#start(entry), this.#ends[entry]!];
    let value = 0;
    for (let at = start; at < start + PREFIX_BYTES; at++) value = 256 * value + (at < end ? this.#bytes[at]! : 0);
    return value;
  }

  /** A copy of all tokens, in their order. */
  list(): TokenList {
    const bytes = new Uint8Array(this.#bytes.subarray(0, this.#start(this.#size)));
    return { bytes, ends: this.#ends.slice(0, this.#size), hashes: this.#hashes.slice(0, this.#size) };
  }

  #encode(token: string): number {
    const maxBytes = 3 * token.length; // a UTF-16 unit takes at most three bytes
    if (maxBytes > this.#encoded.length) this.#encoded = Buffer.alloc(2 * maxBytes);
    return this.#encoded.write(token);
  }

  #start(entry: number): number {
    return entry === 0 ? 0 : this.#ends[entry - 1]!;
  }

  #equals(entry: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = this.#start(entry);
    if (this.#ends[entry]! - start !== to - from) return false;
    const known = this.#bytes;
    for (let at = from, other = start; at < to; at++, other++) if (bytes[at] !== known[other]) return false;
    return true;
  }

  #append(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const entry = this.#size++;
    const start = this.#start(entry);
    const end = start + to - from;
    if (end > this.#bytes.length) this.#bytes = grown(this.#bytes, Buffer.alloc(Math.max(2 * this.#bytes.length, end)));
    if (entry >= this.#ends.length) {
      this.#ends = grown(this.#ends, new Float64Array(2 * entry));
      this.#hashes = grown(this.#hashes, new Int32Array(2 * entry));
    }
    for (let at = from, other = start; at < to; at++, other++) this.#bytes[other] = bytes[at]!;
    this.#ends[entry] = end;
    this.#hashes[entry] = hash;
    if (this.#size > this.#slots.length * MAX_LOAD) this.#rehash();
    else this.#place(entry);
    return entry;
  }

  #rehash(): void {
    this.#slots = new Int32Array(2 * this.#slots.length).fill(EMPTY);
    for (let entry = 0; entry < this.#size; entry++) this.#place(entry);
  }

  #place(entry: number): void {
    const mask = this.#slots.length - 1;
    let slot = spread(this.#hashes[entry]!) & mask;
    while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & mask;
    this.#slots[slot] = entry;
  }
}

function hashOf(bytes: Uint8Array, length: number): number {
  let hash = HASH_START;
  for (let at = 0; at < length; at++) hash = hashByte(hash, bytes[at]!);
  return hash;
}

/** Mixes high bits into the low bits: FNV's low bits depend only on the low bits of the bytes. */
const spread = (hash: number): number => hash ^ (hash >>> 15);

function grown<T extends Uint8Array | Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
