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

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#makeRoom(1);
    this.#bytes[this.#length++] = value;
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
