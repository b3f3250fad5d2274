import { isUtf8 } from 'node:buffer';
import { closeSync, openSync, readSync } from 'node:fs';
import { UserError } from '../errors.js';
import { attempt, waitWhileBusy } from './file-errors.js';

export { writeLinesAtomically, writeParallelLinesAtomically } from './write-lines.js';

const CHUNK_BYTES = 1 << 16;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/**
 * The lines of a UTF-8 text file, without their ends, read in chunks: memory is bounded by the longest line.
 *
 * Lines end as in Python's universal newlines, by which fairseq reads: at `\n`, `\r\n` or a lone `\r`; not at U+0085,
 * U+2028 or a form feed. A last line needs no end; an empty file has no lines. A byte order mark is kept as U+FEFF.
 *
 * @param path a file, or `-` for standard input
 * @throws UserError if the file cannot be opened or holds a byte sequence that is not UTF-8 (names the line)
 */
export function* readLines(path: string): Generator<string, void, undefined> {
  const name = path === '-' ? 'standard input' : path;
  let number = 0;
  for (const bytes of splitLines(readChunks(path))) {
    number += 1;
    if (!isUtf8(bytes)) throw invalidUtf8(name, number, bytes);
    yield bytes.toString('utf8');
  }
}

/**
 * Pairs up the lines of two files that must have equally many.
 *
 * @throws UserError as `readLines` does, and if one file ends before the other
 */
export function* readParallelLines(
  sourcePath: string,
  targetPath: string,
): Generator<[string, string], void, undefined> {
  const sources = readLines(sourcePath);
  const targets = readLines(targetPath);
  try {
    for (let pairs = 0; ; pairs += 1) {
      const source = sources.next();
      const target = targets.next();
      if (source.done && target.done) return;
      if (source.done || target.done) {
        const [short, long] = source.done ? [sourcePath, targetPath] : [targetPath, sourcePath];
        throw new UserError(
          `${short} ends after ${pairs} lines, ${long} goes on`,
          'the two files of a parallel corpus need one line per sentence pair, equally many',
        );
      }
      yield [source.value, target.value];
    }
  } finally {
    sources.return();
    targets.return();
  }
}

/** Buffers of a file's bytes in order, each at most CHUNK_BYTES long and only valid until the next one is asked for. */
function* readChunks(path: string): Generator<Buffer, void, undefined> {
  const handle = path === '-' ? 0 : attempt(path, 'read', () => openSync(path, 'r'));
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const length = attempt(path, 'read', () => waitWhileBusy(() => readSync(handle, buffer, 0, buffer.length, null)));
      if (length === 0) return;
      yield buffer.subarray(0, length);
    }
  } finally {
    if (path !== '-') closeSync(handle);
  }
}

/** The bytes of each line; newline bytes never occur inside a UTF-8 sequence, so bytes can be cut before decoding. */
function* splitLines(chunks: Iterable<Buffer>): Generator<Buffer, void, undefined> {
  let carried: Buffer[] = [];
  let afterReturn = false;
  for (const chunk of chunks) {
    let start = 0;
    if (afterReturn && chunk[0] === NEWLINE) start = 1;
    afterReturn = false;
    for (;;) {
      const end = lineEnd(chunk, start);
      if (end < 0) break;
      const rest = chunk.subarray(start, end);
      yield carried.length === 0 ? rest : Buffer.concat([...carried, rest]);
      carried = [];
      start = end + 1;
      if (chunk[end] === RETURN) {
        if (start === chunk.length) afterReturn = true;
        else if (chunk[start] === NEWLINE) start += 1;
      }
    }
    if (start < chunk.length) carried.push(Buffer.from(chunk.subarray(start)));
  }
  if (carried.length > 0) yield Buffer.concat(carried);
}

function lineEnd(chunk: Buffer, start: number): number {
  const newline = chunk.indexOf(NEWLINE, start);
  const searched = newline < 0 ? chunk : chunk.subarray(0, newline);
  const carriageReturn = searched.indexOf(RETURN, start);
  return carriageReturn < 0 ? newline : carriageReturn;
}

function invalidUtf8(name: string, line: number, bytes: Buffer): UserError {
  const offset = firstInvalidByte(bytes);
  const byte = bytes[offset]!.toString(16).padStart(2, '0');
  return new UserError(
    `${name} line ${line} is not valid UTF-8 (byte 0x${byte} at position ${offset + 1})`,
    `convert the file first, e.g. iconv -f ISO-8859-1 -t UTF-8`,
  );
}

/** The longest prefix that is UTF-8 ends where the first bad sequence begins; at most three bytes before it are cut. */
function firstInvalidByte(bytes: Buffer): number {
  let position = 0;
  while (position < bytes.length) {
    const length = [1, 2, 3, 4].find((size) => isUtf8(bytes.subarray(position, position + size)));
    if (length === undefined) return position;
    position += length;
  }
  return position;
}
