/** A growing buffer of bytes. */
export class ByteOutput {
  #bytes: Buffer;
  #length = 0;

  /** @param capacity initial capacity in bytes */
  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
  }

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** Appends `source[from, to)`. */
  copy(source: Uint8Array, from: number, to: number): void {
    if (this.#length + to - from > this.#bytes.length) this.#reserve(to - from);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let next = from; next < to; next++) bytes[at++] = source[next]!;
    this.#length = at;
  }

  /** Appends the bytes `[from, to)` of another output. */
  copyOf(other: ByteOutput, from: number, to: number): void {
    this.copy(other.#bytes, from, to);
  }

  /** Appends a text as UTF-8. */
  text(text: string): void {
    const maxBytes = 3 * text.length; // a UTF-16 unit takes at most three bytes
    if (this.#length + maxBytes > this.#bytes.length) this.#reserve(maxBytes);
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** The bytes written; valid until the next write. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Removes all bytes. */
  clear(): void {
    this.#length = 0;
  }

  #reserve(wanted: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#length + wanted));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
