/** Bytes that are written one after another into memory that grows with them. */
export class ByteOutput {
  #bytes: Buffer;
  #length = 0;

  /** @param room for how many bytes at first */
  constructor(room: number) {
    this.#bytes = Buffer.allocUnsafeSlow(room);
  }

  get length(): number {
    return this.#length;
  }

  /** The memory, what was written first; another one when that has grown. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Makes room in `bytes` for `count` bytes, which the caller writes. @returns where the first of them belongs */
  extend(count: number): number {
    const at = this.#length;
    if (at + count > this.#bytes.length) this.#makeRoom(count);
    this.#length = at + count;
    return at;
  }

  byte(value: number): void {
    const at = this.extend(1); // which may put other memory in the place of #bytes
    this.#bytes[at] = value;
  }

  /** Adds `source[from, to)`. */
  copy(source: Uint8Array, from: number, to: number): void {
    if (this.#length + to - from > this.#bytes.length) this.#makeRoom(to - from);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let next = from; next < to; next++) bytes[at++] = source[next]!;
    this.#length = at;
  }

  /** Adds the bytes from `from` to `to` of another output. */
  copyOf(other: ByteOutput, from: number, to: number): void {
    this.copy(other.#bytes, from, to);
  }

  /** Adds a text as UTF-8. */
  text(text: string): void {
    const most = 3 * text.length; // a UTF-16 unit is three bytes at most
    if (this.#length + most > this.#bytes.length) this.#makeRoom(most);
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** What was written; valid until something else is. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Forgets what was written. */
  clear(): void {
    this.#length = 0;
  }

  #makeRoom(wanted: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#length + wanted));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
