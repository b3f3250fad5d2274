import { closeSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { UserError } from '../errors.js';
import { attempt, waitWhileBusy } from './file-errors.js';
import { openTemporaryFile } from './new-file.js';
import { descriptorOf, isDeviceOrPipe } from './special-file.js';

const BUFFERED_CHARACTERS = 1 << 16;

/**
 * Writes lines, each followed by `\n`, to a temporary file next to `path`, and renames it when all are written. A
 * reader sees either the old file or the complete new one. `-` writes to standard output, and stops silently if the
 * reader closes it.
 *
 * @throws UserError if the file cannot be written; errors that `lines` throws. In both cases, no temporary file
 *   remains.
 */
export function writeLinesAtomically(path: string, lines: Iterable<string>): void {
  writeTogether([path], ([writer]) => {
    for (const line of lines) writer!.write(line);
  });
}

/** Like `writeLinesAtomically`, for blocks of complete UTF-8 lines including line ends. */
export async function writeBlocksAtomically(
  path: string,
  blocks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const writer = writerOf(path);
  try {
    for await (const block of blocks) writer.writeBytes(block);
    writer.finish();
    writer.publish();
  } catch (error) {
    writer.discard();
    if (!isReaderGone(error)) throw error;
  }
}

/**
 * Like `writeLinesAtomically`, for several files: each row has one line per path. All files are renamed after the last
 * row.
 */
export function writeParallelLinesAtomically(paths: readonly string[], rows: Iterable<readonly string[]>): void {
  writeTogether(paths, (writers) => {
    for (const row of rows) {
      for (const [index, writer] of writers.entries()) writer.write(row[index]!);
    }
  });
}

/** A file to write. */
export interface FileContent {
  readonly path: string;
  /** Lines without line ends, or bytes. */
  readonly content: Iterable<string> | Uint8Array;
}

/** Like `writeLinesAtomically`, for several files: all are renamed after the last is written. */
export function writeFilesAtomically(files: readonly FileContent[]): void {
  writeTogether(
    files.map(({ path }) => path),
    (writers) => {
      for (const [index, { content }] of files.entries()) {
        const writer = writers[index]!;
        if (content instanceof Uint8Array) writer.writeBytes(content);
        else for (const line of content) writer.write(line);
      }
    },
  );
}

function writeTogether(paths: readonly string[], write: (writers: readonly LineWriter[]) => void): void {
  refuseSameFile(paths);
  const writers: LineWriter[] = [];
  try {
    for (const path of paths) writers.push(writerOf(path));
    write(writers);
    for (const writer of writers) writer.finish();
    for (const writer of writers) writer.publish();
  } catch (error) {
    for (const writer of writers) writer.discard();
    if (!isReaderGone(error)) throw error;
  }
}

/** Standard output and devices may be named twice, because they are not replaced by a file. */
function refuseSameFile(paths: readonly string[]): void {
  const names = paths.map((path) => resolve(path));
  const twice = paths.find((path, at) => path !== '-' && !isDeviceOrPipe(path) && names.indexOf(names[at]!) < at);
  if (twice !== undefined) throw new UserError(`${twice} is given for two outputs`, 'use a different file for each');
}

interface LineWriter {
  /** Writes a line and `\n`. */
  write(line: string): void;
  /** Writes complete lines including line ends. */
  writeBytes(block: Uint8Array): void;
  /** Flushes the buffer and closes the file. */
  finish(): void;
  /** Renames the finished file to its final name. */
  publish(): void;
  /** Removes the temporary file, unless it is published. */
  discard(): void;
}

function writerOf(path: string): LineWriter {
  if (path === '-') return streamWriter(1, 'standard output');
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isDirectory()) throw new UserError(`${path} cannot be written (it is a folder)`, 'name a file');
  // A device or a pipe, e.g. /dev/null, must not be replaced by a file; nor must a file that a shell has opened.
  if (status !== undefined && !status.isFile()) {
    return streamWriter(
      attempt(path, 'written', () => openSync(path, 'w')),
      path,
    );
  }
  const descriptor = descriptorOf(path);
  if (descriptor !== null) return streamWriter(descriptor, path);
  return temporaryFileWriter(path, status === undefined ? path : realpathSync(path));
}

/** @param file the target of `path`; a symbolic link is kept */
function temporaryFileWriter(path: string, file: string): LineWriter {
  const temporary = `${file}.${process.pid}.tmp`;
  const handle = attempt(path, 'written', () => openTemporaryFile(temporary));
  const { flush, ...buffer } = lineBuffer(handle, path);
  let open = true;
  const close = (): void => {
    if (open) closeSync(handle);
    open = false;
  };
  return {
    ...buffer,
    finish() {
      flush();
      attempt(path, 'written', () => fsyncSync(handle));
      close();
    },
    publish() {
      attempt(path, 'written', () => renameSync(temporary, file));
    },
    discard() {
      close();
      rmSync(temporary, { force: true });
    },
  };
}

function streamWriter(handle: number, name: string): LineWriter {
  const { flush, ...buffer } = lineBuffer(handle, name);
  return { ...buffer, finish: flush, publish() {}, discard() {} };
}

function lineBuffer(
  handle: number,
  name: string,
): Pick<LineWriter, 'write' | 'writeBytes'> & { readonly flush: () => void } {
  let pending: string[] = [];
  let characters = 0;
  const writeOut = (bytes: Uint8Array): void => attempt(name, 'written', () => writeAll(handle, bytes));
  const flush = (): void => {
    const bytes = Buffer.from(pending.join(''), 'utf8');
    pending = [];
    characters = 0;
    writeOut(bytes);
  };
  return {
    write(line) {
      pending.push(line, '\n');
      characters += line.length + 1;
      if (characters >= BUFFERED_CHARACTERS) flush();
    },
    writeBytes: writeOut,
    flush,
  };
}

function writeAll(handle: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) {
    written += waitWhileBusy(() => writeSync(handle, bytes, written));
  }
}

/** `ts-fairseq … | head` closes the pipe early. */
const isReaderGone = (error: unknown): boolean => (error as NodeJS.ErrnoException | null)?.code === 'EPIPE';
