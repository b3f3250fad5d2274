import { isUtf8 } from 'node:buffer';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { UserError } from '../../errors.js';
import { fileIdentity, readInto } from '../../text/exact-reads.js';
import { attempt } from '../../text/file-errors.js';
import { readByteBlocks, readLines, textHasChanged } from '../../text/lines.js';
import { isDeviceOrPipe } from '../../text/special-file.js';

/** Whole lines of a file: the bytes from `start` up to `end`. */
export interface ByteRange {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  /** Of the file as it was when it was cut. */
  readonly identity: string;
}

const NEWLINE = 0x0a;

/** A smaller share of a file is not worth a thread. */
export const SMALLEST_SHARE = 1 << 18;

/**
 * Cuts a file into at most `count` ranges of about equal size, each after a `\n` (or at the end).
 * @throws UserError if the file cannot be read, and for a pipe, which a second reading finds empty
 */
export function splitFile(path: string, count: number, smallest: number = SMALLEST_SHARE): ByteRange[] {
  // Before it is opened: that waits for somebody to write to the pipe.
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

/** The first position from `from` on that follows a `\n`, or `size`. */
function afterNewline(file: number, path: string, from: number, size: number): number {
  const buffer = Buffer.alloc(1 << 12);
  for (let position = from; position < size; position += buffer.length) {
    const block = buffer.subarray(0, size - position);
    readInto({ file, path, remedy: 'give the whole text' }, position, block);
    const newline = block.indexOf(NEWLINE);
    if (newline >= 0) return position + newline + 1;
  }
  return size;
}

/**
 * Passes the bytes of a range on in blocks of whole lines: memory is bounded by the longest line.
 *
 * @param take is given a block, valid during the call
 * @throws UserError if the file cannot be read or is not UTF-8 (names the line)
 */
export function readBlocks({ path, ...range }: ByteRange, take: (block: Buffer) => void): void {
  for (const block of readByteBlocks(path, range)) {
    if (!isUtf8(block)) refuseInvalidUtf8(path);
    take(block);
  }
}

/** Reads from the beginning, line by line, up to the error that names the line. */
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
