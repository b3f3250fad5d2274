import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { UserError } from '../errors.js';
import { attempt, waitWhileBusy } from './file-errors.js';

/** node:fs refuses to read 2 GiB or more in one call. */
const MAX_READ_BYTES = 1 << 30;

/** An open file, with the texts for messages about it. */
export interface OpenFile {
  readonly file: number; // descriptor
  readonly path: string;
  /** The remedy if the file is damaged, e.g. `rebuild the data with ts-fairseq preprocess`. */
  readonly remedy: string;
}

/**
 * Fills `bytes` from a position in a file. Repeats reads that return fewer bytes than requested.
 * @throws UserError if the file ends too early or cannot be read
 */
export function readInto({ file, path, remedy }: OpenFile, position: number, bytes: Uint8Array): void {
  const { length } = bytes;
  for (let done = 0; done < length; ) {
    const wanted = Math.min(length - done, MAX_READ_BYTES);
    const count = attempt(path, 'read', () => readSync(file, bytes, done, wanted, position + done));
    if (count === 0) {
      const missing = `${length - done} of ${length} bytes at byte ${position} are missing`;
      throw new UserError(`${path} is cut short: ${missing}`, remedy);
    }
    done += count;
  }
}

/** Reads a part of a file. @throws UserError like `readInto` */
export function readExactly(source: OpenFile, position: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  readInto(source, position, bytes);
  return bytes;
}

/**
 * Reads a whole file. Reads a pipe or a device, whose size is unknown, to its end.
 * @throws UserError if the file cannot be read, or is shorter than its size
 */
export function readWhole(path: string, remedy = 'use the complete file'): Buffer {
  const file = attempt(path, 'read', () => openSync(path, 'r'));
  try {
    const { size } = fstatSync(file);
    if (size === 0) return Buffer.concat([...readToEnd(file, path)]);
    return Buffer.from(readExactly({ file, path, remedy }, 0, size).buffer);
  } finally {
    closeSync(file);
  }
}

const BLOCK_BYTES = 1 << 16;

/** Reads blocks until the end of the file. */
function* readToEnd(file: number, path: string): Generator<Buffer> {
  for (;;) {
    const block = Buffer.alloc(BLOCK_BYTES);
    const length = attempt(path, 'read', () => waitWhileBusy(() => readSync(file, block, 0, BLOCK_BYTES, null)));
    if (length === 0) return;
    yield block.subarray(0, length);
  }
}

/** A text that changes if a file is replaced or written to. */
export const fileIdentity = ({ ino, size, mtimeMs }: Stats): string => [ino, size, mtimeMs].join();

/** @throws UserError if a file has changed since its identity was determined */
export function checkUnchanged(path: string, identity: string, now: Stats, remedy: string): void {
  if (fileIdentity(now) === identity) return;
  throw new UserError(`${path} has changed since it was opened`, remedy);
}
