/** FNV-1a, byte by byte: start at HASH_START, then `hashByte` for every byte of the token. */
export const HASH_START = 0x811c9dc5 | 0;

/** One step of the hash FNV-1a. */
export const hashByte = (hash: number, byte: number): number => Math.imul(hash ^ byte, 0x01000193);

/** Open addressing is fast up to here. */
const FULLEST = 0.5;
const EMPTY = -1;

/** As many as a float64 holds exactly. */
const PREFIX_BYTES = 6;

/** Tokens one after the other, with their hashes: plain data, for another table. */
export interface TokenList {
  readonly bytes: Uint8Array;
  /** Where each token ends in `bytes`; token i begins where i − 1 ends. */
  readonly ends: Float64Array;
  readonly hashes: Int32Array;
}

/**
 * Tokens as UTF-8 bytes, numbered 0, 1 … in the order they are added; a look-up makes no string and allocates nothing.
 * Holds more of them than a Map, which ends at 2^24, in a third of its memory.
 */
export class TokenTable {
  #size = 0;
  /** Entry numbers by hash. */
  #slots: Int32Array;
  #hashes: Int32Array;
  /** Where the bytes of each entry end in `#bytes`; entry i begins where i − 1 ends. */
  #ends: Float64Array;
  #bytes: Buffer;
  /** The bytes of the text that is looked up. */
  #sought = Buffer.alloc(256);

  /** @param room for how many tokens before anything grows, a power of two: growing makes V8 compile look-ups anew */
  constructor(room = 1 << 11) {
    this.#slots = new Int32Array(room / FULLEST).fill(EMPTY);
    this.#hashes = new Int32Array(room);
    this.#ends = new Float64Array(room);
    this.#bytes = Buffer.alloc(16 * room);
  }

  get size(): number {
    return this.#size;
  }

  /** The number of the token in `bytes[from, to)`, or −1. `hash` is the token's. */
  find(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = spread(hash) & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot]!;
      if (entry === EMPTY || (this.#hashes[entry] === hash && this.#equals(entry, bytes, from, to))) return entry;
    }
  }

  /** The number of the token, added if it is new. */
  add(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const known = this.find(bytes, from, to, hash);
    return known === EMPTY ? this.#append(bytes, from, to, hash) : known;
  }

  /** The number of a text, or −1. Text that is not well-formed, with half a surrogate pair, is no token. */
  findText(token: string): number {
    const length = this.#encode(token);
    const entry = this.find(this.#sought, 0, length, hashOf(this.#sought, length));
    return entry !== EMPTY && /\p{Surrogate}/u.test(token) ? EMPTY : entry;
  }

  /** The number of a text, added if it is new. */
  addText(token: string): number {
    const length = this.#encode(token);
    return this.add(this.#sought, 0, length, hashOf(this.#sought, length));
  }

  /** The number of another table's token, added if it is new. */
  addFrom(other: TokenTable, entry: number): number {
    return this.add(other.#bytes, other.#start(entry), other.#ends[entry]!, other.#hashes[entry]!);
  }

  text(entry: number): string {
    return this.#bytes.toString('utf8', this.#start(entry), this.#ends[entry]);
  }

  /** The order of two tokens by code point, which is that of their bytes: negative where `a` comes first. */
  compare(a: number, b: number): number {
    return this.#bytes.compare(this.#bytes, this.#start(b), this.#ends[b], this.#start(a), this.#ends[a]);
  }

  /** The first bytes of a token as a number, which orders tokens as `compare` does but for equal numbers. */
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
    const most = 3 * token.length; // bytes of a UTF-16 unit
    if (most > this.#sought.length) this.#sought = Buffer.alloc(2 * most);
    return this.#sought.write(token);
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
    if (this.#size > this.#slots.length * FULLEST) this.#rehash();
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

/** FNV's low bits depend on the low bits of bytes only: fold the high ones in. */
const spread = (hash: number): number => hash ^ (hash >>> 15);

function grown<T extends Uint8Array | Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
