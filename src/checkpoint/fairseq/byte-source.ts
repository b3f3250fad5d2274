import { UserError } from '../../errors.js';
import { type OpenFile, readExactly } from '../../text/exact-reads.js';
import { cutShort } from '../safetensors-header.js';

const WINDOW_BYTES = 1 << 18;

/** Reads a part of an open file sequentially, through a window. */
export class ByteSource {
  #position: number;
  #window: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #windowStart: number;

  constructor(
    readonly source: OpenFile,
    begin: number,
    readonly end: number,
  ) {
    this.#position = begin;
    this.#windowStart = begin;
  }

  /** The path of the file, for messages. */
  get path(): string {
    return this.source.path;
  }

  /** The position of the next byte in the file. */
  get position(): number {
    return this.#position;
  }

  byte(): number {
    return this.bytes(1)[0]!;
  }

  /** Reads the next bytes; valid until the next call. @throws UserError if fewer are left */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    this.#check(length);
    const begin = this.#position - this.#windowStart;
    this.#position += length;
    if (begin + length <= this.#window.length) return this.#window.subarray(begin, begin + length);
    this.#windowStart = this.#position - length;
    const size = Math.min(Math.max(length, WINDOW_BYTES), this.end - this.#windowStart);
    this.#window = readExactly(this.source, this.#windowStart, size);
    return this.#window.subarray(0, length);
  }

  /** Skips bytes without reading them. */
  skip(length: number): void {
    this.#check(length);
    this.#position += length;
    this.#window = new Uint8Array(0);
    this.#windowStart = this.#position;
  }

  view(length: number): DataView {
    const { buffer, byteOffset } = this.bytes(length);
    return new DataView(buffer, byteOffset, length);
  }

  /** Reads a length, stored as 8 bytes. */
  length64(): number {
    return Number(this.view(8).getBigUint64(0, true));
  }

  /** Reads a line, without its newline. */
  line(): string {
    const bytes: number[] = [];
    for (let byte = this.byte(); byte !== 0x0a; byte = this.byte()) bytes.push(byte);
    return new TextDecoder().decode(Uint8Array.from(bytes));
  }

  #check(length: number): void {
    const left = this.end - this.#position;
    if (length > left) throw cutShort(this.path, `${left} of ${length} bytes at ${this.#position}`);
  }

  damaged(what: string): UserError {
    return new UserError(`${this.path} is damaged: ${what}`, this.source.remedy);
  }
}
