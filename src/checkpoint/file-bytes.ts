import { readSync, type Stats } from 'node:fs';
import { UserError } from '../errors.js';
import { cutShort } from './safetensors-header.js';

/** node:fs refuses reads of 2 GiB and more in one call. */
const MAX_READ_BYTES = 1 << 30;

/**
 * Reads a part of an open file.
 * @param path its name, for messages
 * @throws UserError where the file ends before
 */
export function readExactly(file: number, position: number, length: number, path: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  readInto(file, position, bytes, path);
  return bytes;
}

/** The same into memory that is there. */
export function readInto(file: number, position: number, bytes: Uint8Array, path: string): void {
  const { length } = bytes;
  let done = 0;
  while (done < length) {
    const count = readSync(file, bytes, done, Math.min(length - done, MAX_READ_BYTES), position + done);
    if (count === 0) throw cutShort(path, `${done} of ${length} bytes at ${position}`);
    done += count;
  }
}

/** Another text for another file of the same name, and for one that was written to. */
export const fileIdentity = ({ ino, size, mtimeMs }: Stats): string => [ino, size, mtimeMs].join();

/** @throws UserError where a model's file is another one by now than when its identity was taken */
export function checkUnchanged(path: string, identity: string, now: Stats): void {
  if (fileIdentity(now) === identity) return;
  throw new UserError(`${path} has changed since it was loaded`, 'load the model again');
}
