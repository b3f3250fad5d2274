import { isUtf8 } from 'node:buffer';
import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { UserError } from '../errors.js';
import { fileIdentity, readWhole } from './exact-reads.js';
import { attempt, waitWhileBusy } from './file-errors.js';

export {
  writeBlocksAtomically,
  writeFilesAtomically,
  writeLinesAtomically,
  writeParallelLinesAtomically,
} from './write-lines.js';

const BLOCK_BYTES = 1 << 16;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/**
 * The lines of a UTF-8 text file, without line ends. Reads blocks, so memory is bounded by the longest line.
 *
 * Lines end at `\n`, `\r\n` or a lone `\r`, like Python's universal newlines in fairseq; not at U+0085, U+2028 or a
 * form feed. The last line may lack a line end; an empty file has no lines. A byte order mark is kept as U+FEFF.
 *
 * @param path a file, or `-` for standard input
 * @throws UserError if the file cannot be opened, or naming the line that is not valid UTF-8
 */
export function* readLines(path: string): Generator<string, void, undefined> {
  for (const lines of readLineBlocks(path)) yield* lines;
}

/** Like `readLines`, but yields the lines of a block together. */
function* readLineBlocks(path: string): Generator<readonly string[], void, undefined> {
  for (const block of readTextBlocks(path)) yield linesOf(block);
}

/**
 * Reads a whole file without changing line ends.
 *
 * @throws UserError like `readLines`
 */
export function readText(path: string): string {
  const bytes = readWhole(path);
  if (!isUtf8(bytes)) throw findBadLine(withNewlines(bytes), path, 0).error;
  return bytes.toString('utf8');
}

/** The lines of a block of `readTextBlocks`. */
export function linesOf(block: Buffer): string[] {
  const lines = block.toString('utf8').split('\n');
  lines.pop();
  return lines;
}

/**
 * Reads a text in blocks of complete UTF-8 lines. All line ends are converted to `\n`.
 * A block is valid only until the next one is requested.
 *
 * @param path a file, or `-` for standard input
 * @throws UserError like `readLines`, after yielding the lines before the bad one
 */
export function* readTextBlocks(path: string): Generator<Buffer, void, undefined> {
  const name = path === '-' ? 'standard input' : path;
  let lines = 0;
  for (const bytes of readByteBlocks(path)) {
    const block = withNewlines(bytes);
    if (!isUtf8(block)) {
      const { start, error } = findBadLine(block, name, lines);
      yield block.subarray(0, start);
      throw error;
    }
    yield block;
    lines += countNewlines(block);
  }
}

/**
 * Reads a text in blocks of complete lines, with the line ends that it has. Lines that a pipe has received are not held
 * back.
 *
 * @param path a file, or `-` for standard input
 * @throws UserError like `readLines`
 */
export function* readBlocksWithLineEnds(path: string): Generator<string, void, undefined> {
  const name = path === '-' ? 'standard input' : path;
  let lines = 0;
  for (const bytes of readByteBlocks(path)) {
    const block = withNewlines(bytes);
    if (!isUtf8(bytes)) throw findBadLine(block, name, lines).error;
    yield bytes.toString('utf8');
    lines += countNewlines(block);
  }
}

/** Converts all line ends to `\n`. */
function withNewlines(block: Buffer): Buffer {
  const newlines = block.includes(RETURN)
    ? Buffer.from(block.toString('latin1').replace(/\r\n?/g, '\n'), 'latin1')
    : block;
  return newlines[newlines.length - 1] === NEWLINE ? newlines : Buffer.concat([newlines, Buffer.from('\n')]);
}

function countNewlines(block: Buffer): number {
  return block.toString('latin1').split('\n').length - 1; // fast even before V8 has compiled this code
}

/**
 * Pairs the lines of two files with the same number of lines.
 *
 * @throws UserError like `readLines`, and if one file has fewer lines
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
          `${short} ends after ${pairs} lines, but ${long} continues`,
          'both files of a parallel corpus must have one line per sentence pair',
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
 * Reads the bytes of a file, or of a part of it, in blocks of complete lines including line ends. Only the last line
 * may lack its end. The bytes may be invalid UTF-8: line ends never occur inside a UTF-8 sequence, so lines can be
 * split before decoding. A block is valid only until the next one is requested.
 * @param path a file, or `-` for standard input
 * @param range the part, and the identity of the file; default: the whole file, which may be a pipe
 * @throws UserError if the file or the part cannot be read to its end
 */
export function* readByteBlocks(path: string, range?: FilePart): Generator<Buffer, void, undefined> {
  const handle = path === '-' ? 0 : attempt(path, 'read', () => openSync(path, 'r'));
  let position = range?.start ?? null;
  const end = range?.end ?? Number.POSITIVE_INFINITY;
  let buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  let filled = 0;
  let total = 0;
  try {
    const opened = attempt(path, 'read', () => fstatSync(handle));
    if (range !== undefined && fileIdentity(opened) !== range.identity) throw textHasChanged(path);
    for (;;) {
      const wanted = Math.min(buffer.length - filled, end - (position ?? 0));
      const length = attempt(path, 'read', () =>
        waitWhileBusy(() => readSync(handle, buffer, filled, wanted, position)),
      );
      if (length === 0) break;
      if (position !== null) position += length;
      total += length;
      const complete = lastLineEnd(buffer, Math.max(0, filled - 1), filled + length);
      filled += length;
      if (complete > 0) {
        yield buffer.subarray(0, complete);
        buffer.copyWithin(0, complete, filled);
        filled -= complete;
      } else if (filled === buffer.length) buffer = Buffer.concat([buffer], 2 * buffer.length);
    }
    if (range === undefined) checkWhole(path, total, opened, fstatSync(handle));
    else if (position! < range.end || fileIdentity(fstatSync(handle)) !== range.identity) throw textHasChanged(path);
    if (filled > 0) yield buffer.subarray(0, filled);
  } finally {
    if (path !== '-') closeSync(handle);
  }
}

/** A part of a file, and the identity of the file, which must not change. */
interface FilePart {
  readonly start: number;
  readonly end: number;
  readonly identity: string;
}

/**
 * Checks that a file was read to its end. It may grow while it is read, but not shrink. Standard input may start in the
 * middle of a file.
 * @param total the number of bytes read
 */
function checkWhole(path: string, total: number, before: Stats, after: Stats): void {
  if (!before.isFile()) return;
  if (after.size >= before.size && (path === '-' || total >= before.size)) return;
  throw textHasChanged(path);
}

/** The error for a text that changed while it was read. */
export function textHasChanged(path: string): UserError {
  const name = path === '-' ? 'standard input' : path;
  return new UserError(
    `${name} was modified or truncated while it was read`,
    'run the command again when the file is complete',
  );
}

/**
 * The position after the last line end in `bytes[from, end)`, or 0. A final `\r` is ignored: it may be half of `\r\n`.
 */
function lastLineEnd(bytes: Buffer, from: number, end: number): number {
  const part = bytes.subarray(from, end);
  const newline = part.lastIndexOf(NEWLINE);
  const carriageReturn = part.subarray(newline + 1, -1).lastIndexOf(RETURN);
  const last = carriageReturn < 0 ? newline : newline + 1 + carriageReturn;
  return last < 0 ? 0 : from + last + 1;
}

/** The start of the first line that is not valid UTF-8, and the error for it. */
function findBadLine(block: Buffer, name: string, before: number): { start: number; error: UserError } {
  let start = 0;
  for (let line = before + 1; ; line += 1) {
    const end = block.indexOf(NEWLINE, start);
    const bytes = block.subarray(start, end);
    if (!isUtf8(bytes)) return { start, error: invalidUtf8(name, line, bytes) };
    start = end + 1;
  }
}

function invalidUtf8(name: string, line: number, bytes: Buffer): UserError {
  const offset = firstInvalidByte(bytes);
  const column = [...bytes.toString('utf8', 0, offset)].length + 1; // in characters, as editors count
  const byte = bytes[offset]!.toString(16).padStart(2, '0');
  return new UserError(
    `${name} line ${line} is not valid UTF-8 at column ${column} (0x${byte}, byte ${offset + 1} of the line)`,
    bytes.includes(0)
      ? 'it also contains zero bytes, so it is not a text file: name a text file'
      : 'convert the file first, e.g. iconv -f ISO-8859-1 -t UTF-8',
  );
}

/** The position of the first byte that does not start a valid UTF-8 sequence. */
function firstInvalidByte(bytes: Buffer): number {
  let position = 0;
  while (position < bytes.length) {
    const length = [1, 2, 3, 4].find((size) => isUtf8(bytes.subarray(position, position + size)));
    if (length === undefined) return position;
    position += length;
  }
  return position;
}
