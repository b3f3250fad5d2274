import { isUtf8 } from 'node:buffer';
import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { UserError } from '../errors.js';

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

/**
 * Writes lines, each ended by `\n`, to a temporary file beside `path` and renames it when all are written: a reader
 * sees the old file or the whole new one. `-` writes to standard output.
 *
 * @throws UserError if the file cannot be written; whatever `lines` throws. Nothing is left behind in either case.
 */
export function writeLinesAtomically(path: string, lines: Iterable<string>): void {
  writeFilesAtomically([path], function* () {
    for (const line of lines) yield [line];
  });
}

/**
 * Like `writeLinesAtomically` for files that belong together: every row has one line for each path, and all files
 * are renamed after the last row.
 */
export function writeFilesAtomically(paths: readonly string[], rows: () => Iterable<readonly string[]>): void {
  const writers: LineWriter[] = [];
  try {
    for (const path of paths) writers.push(openLineWriter(path));
    for (const row of rows()) {
      for (let file = 0; file < writers.length; file += 1) writers[file]!.write(row[file] ?? '');
    }
    for (const writer of writers) writer.finish();
    for (const writer of writers) writer.rename();
  } catch (error) {
    for (const writer of writers) writer.discard();
    throw error;
  }
}

interface LineWriter {
  write(line: string): void;
  /** Writes out what is buffered and closes the file. */
  finish(): void;
  /** Puts the finished file in the place of the old one. */
  rename(): void;
  /** Removes the temporary file, if it is still there. */
  discard(): void;
}

function openLineWriter(path: string): LineWriter {
  const toStdout = path === '-';
  const temporary = `${path}.${process.pid}.tmp`;
  const handle = toStdout ? 1 : attempt(path, 'written', () => openSync(temporary, 'w'));
  let open = true;
  let pending: string[] = [];
  let pendingLength = 0;

  const flush = (): void => {
    if (pendingLength > 0) attempt(path, 'written', () => writeAll(handle, Buffer.from(pending.join(''), 'utf8')));
    pending = [];
    pendingLength = 0;
  };
  const close = (): void => {
    if (open && !toStdout) closeSync(handle);
    open = false;
  };
  return {
    write(line) {
      pending.push(line, '\n');
      pendingLength += line.length + 1;
      if (pendingLength >= CHUNK_BYTES) flush();
    },
    finish() {
      flush();
      if (!toStdout) attempt(path, 'written', () => fsyncSync(handle));
      close();
    },
    rename() {
      if (!toStdout) attempt(path, 'written', () => renameSync(temporary, path));
    },
    discard() {
      close();
      if (!toStdout) rmSync(temporary, { force: true });
    },
  };
}

/** Buffers of a file's bytes in order, each at most CHUNK_BYTES long and only valid until the next one is asked for. */
function* readChunks(path: string): Generator<Buffer, void, undefined> {
  const handle = path === '-' ? 0 : attempt(path, 'read', () => openSync(path, 'r'));
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const length = attempt(path, 'read', () => readOrWait(handle, buffer));
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

/** A pipe that has nothing yet answers EAGAIN; Node has no blocking read for it, so wait a moment and ask again. */
function readOrWait(handle: number, buffer: Buffer): number {
  return retryBusy(() => readSync(handle, buffer, 0, buffer.length, null));
}

function writeAll(handle: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) {
    written += retryBusy(() => writeSync(handle, bytes, written));
  }
}

function retryBusy(operation: () => number): number {
  for (;;) {
    try {
      return operation();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EOF') return 0;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'check the path',
  EISDIR: 'name a file, not a directory',
  ENOTDIR: 'check the path',
  EACCES: 'check the permissions',
  EROFS: 'choose a place that can be written',
  ENOSPC: 'free some space on the disk',
};

function attempt<T>(path: string, verb: 'read' | 'written', operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const remedy = code === undefined ? undefined : REMEDIES[code];
    if (remedy === undefined) throw error;
    const reason = code === 'ENOENT' && verb === 'read' ? 'it does not exist' : code;
    throw new UserError(`${path} cannot be ${verb} (${reason})`, remedy, { cause: error });
  }
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
