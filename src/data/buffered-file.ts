import { closeSync, writeSync } from 'node:fs';
import { openTemporaryFile, openToAppend } from '../text/new-file.js';

const BUFFER_BYTES = 1 << 18;

/** A file written through a buffer, which saves a system call per small write. */
export class BufferedFile {
  readonly #file: number;
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #filled = 0;
  #open = true;

  /** @param place `end` appends to an existing file; `start` creates a new one */
  constructor(path: string, place: 'start' | 'end' = 'start') {
    this.#file = place === 'end' ? openToAppend(path) : openTemporaryFile(path);
  }

  /** Appends an integer from 0 to 2³¹ − 1 in 2, 4 or 8 bytes, little-endian. */
  integer(value: number, bytes: number): void {
    if (this.#filled + bytes > BUFFER_BYTES) this.#flush();
    const buffer = this.#buffer;
    let at = this.#filled;
    this.#filled += bytes;
    buffer[at++] = value;
    buffer[at++] = value >>> 8;
    if (bytes === 2) return;
    buffer[at++] = value >>> 16;
    buffer[at++] = value >>> 24;
    if (bytes === 8) buffer.fill(0, at, at + 4);
  }

  append(bytes: Uint8Array): void {
    if (this.#filled + bytes.length > BUFFER_BYTES) this.#flush();
    if (bytes.length > BUFFER_BYTES) this.#write(bytes);
    else {
      this.#buffer.set(bytes, this.#filled);
      this.#filled += bytes.length;
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#flush();
    closeSync(this.#file);
  }

  #flush(): void {
    this.#write(this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
  }

  #write(bytes: Uint8Array): void {
    for (let written = 0; written < bytes.length; ) written += writeSync(this.#file, bytes, written);
  }
}
