/** FNV-1a, byte by byte: start at HASH_START, then `hashByte` for every byte of the token. */
export const HASH_START = 0x811c9dc5 | 0;
export const hashByte = (hash: number, byte: number): number => Math.imul(hash ^ byte, 0x01000193);

/** Open addressing is fast up to here. */
const FULLEST = 0.5;
const EMPTY = -1;

/**
 * Tokens as UTF-8 bytes, numbered 0, 1 … in the order they are added; a look-up makes no string and allocates nothing.
 */
export class TokenTable {
  #size = 0;
  /** Entry numbers by hash. */
  #slots: Int32Array;
  #hashes: Int32Array;
  /** Where the bytes of each entry end in `#bytes`; entry i begins where i − 1 ends. */
  #ends: Float64Array;
  #bytes: Uint8Array;

  /** @param room for how many tokens before anything grows, a power of two: growing makes V8 compile look-ups anew */
  constructor(room = 1 << 11) {
    this.#slots = new Int32Array(room / FULLEST).fill(EMPTY);
    this.#hashes = new Int32Array(room);
    this.#ends = new Float64Array(room);
    this.#bytes = new Uint8Array(16 * room);
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

  addText(token: string): number {
    const bytes = Buffer.from(token);
    return this.add(bytes, 0, bytes.length, hashOf(bytes));
  }

  text(entry: number): string {
    return Buffer.from(this.#bytes.buffer, this.#start(entry), this.#ends[entry]! - this.#start(entry)).toString();
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
    if (end > this.#bytes.length)
      this.#bytes = grown(this.#bytes, new Uint8Array(Math.max(2 * this.#bytes.length, end)));
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

function hashOf(bytes: Uint8Array): number {
  let hash = HASH_START;
  for (let at = 0; at < bytes.length; at++) hash = hashByte(hash, bytes[at]!);
  return hash;
}

/** FNV's low bits depend on the low bits of bytes only: fold the high ones in. */
const spread = (hash: number): number => hash ^ (hash >>> 15);

function grown<T extends Uint8Array | Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
