import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { attempt, waitWhileBusy } from './file-errors.js';

const BUFFERED_CHARACTERS = 1 << 16;

/**
 * Writes lines, each ended by `\n`, to a temporary file beside `path` and renames it when all are written: a reader
 * sees the old file or the whole new one. `-` writes to standard output, and stops quietly when its reader has gone.
 *
 * @throws UserError if the file cannot be written; whatever `lines` throws. Nothing is left behind in either case.
 */
export function writeLinesAtomically(path: string, lines: Iterable<string>): void {
  writeTogether([path], ([writer]) => {
    for (const line of lines) writer!.write(line);
  });
}

/** Like `writeLinesAtomically` for lines in blocks, e.g. those of `readLineBlocks`. */
export function writeLineBlocksAtomically(path: string, blocks: Iterable<readonly string[]>): void {
  writeTogether([path], ([writer]) => {
    for (const lines of blocks) if (lines.length > 0) writer!.write(lines.join('\n'));
  });
}

/**
 * Like `writeLinesAtomically` for files that belong together: each row has one line for each path, and all files are
 * renamed after the last row.
 */
export function writeParallelLinesAtomically(paths: readonly string[], rows: Iterable<readonly string[]>): void {
  writeTogether(paths, (writers) => {
    for (const row of rows) {
      for (const [index, writer] of writers.entries()) writer.write(row[index]!);
    }
  });
}

function writeTogether(paths: readonly string[], write: (writers: readonly LineWriter[]) => void): void {
  const writers: LineWriter[] = [];
  try {
    for (const path of paths) writers.push(path === '-' ? standardOutputWriter() : temporaryFileWriter(path));
    write(writers);
    for (const writer of writers) writer.finish();
    for (const writer of writers) writer.publish();
  } catch (error) {
    for (const writer of writers) writer.discard();
    if (!isReaderGone(error)) throw error;
  }
}

interface LineWriter {
  /** Writes a line, or several joined by `\n`, and the end of the last. */
  write(line: string): void;
  /** Writes out what is buffered and closes the file. */
  finish(): void;
  /** Puts the finished file in the place of the old one. */
  publish(): void;
  /** Removes what was written, unless it is published. */
  discard(): void;
}

function temporaryFileWriter(path: string): LineWriter {
  const temporary = `${path}.${process.pid}.tmp`;
  const handle = attempt(path, 'written', () => openSync(temporary, 'w'));
  const { write, flush } = lineBuffer(handle, path);
  let open = true;
  const close = (): void => {
    if (open) closeSync(handle);
    open = false;
  };
  return {
    write,
    finish() {
      flush();
      attempt(path, 'written', () => fsyncSync(handle));
      close();
    },
    publish() {
      attempt(path, 'written', () => renameSync(temporary, path));
    },
    discard() {
      close();
      rmSync(temporary, { force: true });
    },
  };
}

function standardOutputWriter(): LineWriter {
  const { write, flush } = lineBuffer(1, 'standard output');
  return { write, finish: flush, publish() {}, discard() {} };
}

function lineBuffer(handle: number, name: string): { write(line: string): void; flush(): void } {
  let pending: string[] = [];
  let characters = 0;
  const flush = (): void => {
    const bytes = Buffer.from(pending.join(''), 'utf8');
    pending = [];
    characters = 0;
    attempt(name, 'written', () => writeAll(handle, bytes));
  };
  return {
    write(line) {
      pending.push(line, '\n');
      characters += line.length + 1;
      if (characters >= BUFFERED_CHARACTERS) flush();
    },
    flush,
  };
}

function writeAll(handle: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) {
    written += waitWhileBusy(() => writeSync(handle, bytes, written));
  }
}

/** `ts-fairseq … | head` closes the pipe early. */
const isReaderGone = (error: unknown): boolean => (error as NodeJS.ErrnoException | null)?.code === 'EPIPE';
