import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { UserError } from '../errors.js';
import { attempt, waitWhileBusy } from './file-errors.js';

/** node:fs refuses reads of 2 GiB and more in one call. */
const MAX_READ_BYTES = 1 << 30;

/** A file that is open, with what messages about it say. */
export interface OpenFile {
  readonly file: number; // descriptor
  readonly path: string;
  /** What to do where it is damaged, e.g. `rebuild the data with ts-fairseq preprocess`. */
  readonly remedy: string;
}

/**
 * Fills `bytes` from a place in a file. A disk may answer with fewer bytes than were asked for: it is asked again.
 * @throws UserError where the file ends before, and where it cannot be read
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

/** The bytes of a part of a file. @throws UserError as `readInto` */
export function readExactly(source: OpenFile, position: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  readInto(source, position, bytes);
  return bytes;
}

/**
 * A whole file; of a pipe or a device, which says no size, all that comes.
 * @throws UserError where it cannot be read, or ends before the size that it says
 */
export function readWhole(path: string, remedy = 'give the whole file'): Buffer {
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

/** What comes until there is no more. */
function* readToEnd(file: number, path: string): Generator<Buffer> {
  for (;;) {
    const block = Buffer.alloc(BLOCK_BYTES);
    const length = attempt(path, 'read', () => waitWhileBusy(() => readSync(file, block, 0, BLOCK_BYTES, null)));
    if (length === 0) return;
    yield block.subarray(0, length);
  }
}

/** Another text for another file of the same name, and for one that was written to. */
export const fileIdentity = ({ ino, size, mtimeMs }: Stats): string => [ino, size, mtimeMs].join();

/** @throws UserError where a file is another one by now than when its identity was taken */
export function checkUnchanged(path: string, identity: string, now: Stats, remedy: string): void {
  if (fileIdentity(now) === identity) return;
  throw new UserError(`${path} has changed since it was opened`, remedy);
}
