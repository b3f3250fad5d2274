import { isUtf8 } from 'node:buffer';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { UserError } from '../../errors.js';
import { fileIdentity, readInto } from '../../text/exact-reads.js';
import { attempt } from '../../text/file-errors.js';
import { readByteBlocks, readLines, textHasChanged } from '../../text/lines.js';
import { isDeviceOrPipe } from '../../text/special-file.js';

/** A range of bytes `[start, end)` of a file that contains only complete lines. */
export interface ByteRange {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  /** The identity of the file when the range was determined. */
  readonly identity: string;
}

const NEWLINE = 0x0a;

/** The minimum bytes of a file that are worth a thread. */
export const MIN_SHARE_BYTES = 1 << 18;

/**
 * Divides a file into at most `count` ranges of about equal size, each ending after a `\n` or at the end of the file.
 * @throws UserError if the file cannot be read, or is a pipe, which cannot be read twice
 */
export function splitFile(path: string, count: number, smallest: number = MIN_SHARE_BYTES): ByteRange[] {
  // Checked before opening the file: opening a pipe waits for a writer.
  if (isDeviceOrPipe(path)) {
    throw new UserError(`${path} is a device or a pipe`, 'write the text to a file: it is read more than once');
  }
  return withFile(path, (file) => {
    const status = fstatSync(file);
    const shares = Math.max(1, Math.min(count, Math.floor(status.size / smallest)));
    const cuts = [0];
    for (let share = 1; share < shares; share++) {
      cuts.push(
        Math.max(cuts.at(-1)!, afterNewline(file, path, Math.floor((status.size * share) / shares), status.size)),
      );
    }
    cuts.push(status.size);
    const identity = fileIdentity(status);
    return cuts.slice(1).map((end, at) => ({ path, start: cuts[at]!, end, identity }));
  });
}

/** The first position after a `\n` at or after `from`, or `size`. */
function afterNewline(file: number, path: string, from: number, size: number): number {
  const buffer = Buffer.alloc(1 << 12);
  for (let position = from; position < size; position += buffer.length) {
    const block = buffer.subarray(0, size - position);
    readInto({ file, path, remedy: 'use the complete text' }, position, block);
    const newline = block.indexOf(NEWLINE);
    if (newline >= 0) return position + newline + 1;
  }
  return size;
}

/**
 * Reads a range in blocks of complete lines. Memory is bounded by the longest line.
 *
 * @param take called with each block, which is valid only during the call
 * @throws UserError if the file cannot be read or is not UTF-8, naming the line
 */
export function readBlocks({ path, ...range }: ByteRange, take: (block: Buffer) => void): void {
  for (const block of readByteBlocks(path, range)) {
    if (!isUtf8(block)) refuseInvalidUtf8(path);
    take(block);
  }
}

/** Reads the file from the start by lines, to throw the error that names the line. */
function refuseInvalidUtf8(path: string): never {
  for (const _line of readLines(path));
  throw textHasChanged(path);
}

function withFile<T>(path: string, use: (file: number) => T): T {
  const file = attempt(path, 'read', () => openSync(path, 'r'));
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}
