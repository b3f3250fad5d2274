import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../errors.js';
import { makeFolder, syncFolder } from '../text/make-folder.js';
import { openTemporaryFile, removeLeftover } from '../text/new-file.js';
import { descriptorOf, isDeviceOrPipe } from '../text/special-file.js';
import { removeUnfinished, unfinishedFile } from './unfinished-file.js';

/**
 * Writes a file atomically: writes a temporary file in the same folder, flushes it to the disk and renames it. Creates
 * the folder if it does not exist.
 * @throws UserError if the file cannot be written
 */
export function writeAtomically(path: string, chunks: Iterable<Uint8Array>): void {
  replaceFile(path, (unfinished) => {
    const file = openTemporaryFile(unfinished);
    try {
      for (const chunk of chunks) writeAll(file, chunk);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  });
}

/** Gives a file a second name: as a hard link or, if the disk has no links, as a copy. Replaces an existing file. */
export function copyAtomically(from: string, to: string): void {
  replaceFile(to, (unfinished) => {
    removeLeftover(unfinished);
    try {
      linkSync(from, unfinished);
    } catch {
      copy(from, unfinished);
    }
  });
}

function copy(from: string, to: string): void {
  copyFileSync(from, to, constants.COPYFILE_EXCL);
  const [expected, actual] = [from, to].map((path) => statSync(path).size);
  if (expected !== actual) throw new UserError(`${from} was not copied completely`, 'check the disk');
  syncFile(to);
}

/**
 * Creates a folder, checks that it can be written to, and removes the unfinished files of killed runs.
 * @throws UserError if it cannot be created or written to
 */
export function prepareFolder(folder: string): void {
  const probe = unfinishedFile(join(folder, '.writable'));
  refusals(folder, () => {
    makeFolder(folder);
    closeSync(openTemporaryFile(probe));
    rmSync(probe, { force: true });
    removeUnfinished(folder);
  });
}

function replaceFile(path: string, make: (unfinished: string) => void): void {
  const folder = dirname(path);
  const unfinished = unfinishedFile(path);
  refuseStream(path);
  refusals(path, () => {
    makeFolder(folder);
    try {
      make(unfinished);
      renameSync(unfinished, path);
    } finally {
      // Required after success too: POSIX rename keeps both names if they are links to the same file.
      removeLeftover(unfinished);
    }
    syncFolder(folder);
  });
}

/** Refuses a path that a file must not replace: a device, a pipe, `/dev/stdout`. @throws UserError */
export function refuseStream(path: string): void {
  if (!isDeviceOrPipe(path) && descriptorOf(path) === null) return;
  throw new UserError(`cannot write ${path}: it is a device or a stream`, 'give the name of a file');
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
}

function syncFile(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

const REFUSALS: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist and cannot be created',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the disk is read-only',
  EEXIST: 'its folder is a file',
  ENOTDIR: 'its folder is a file',
  EISDIR: 'it is a folder',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'its symbolic links form a loop',
  EFBIG: 'the file is too large for the disk',
  EIO: 'the disk reported an I/O error',
};

/** Runs an operation that writes to a path. @throws UserError with the reason if it fails */
export function refusals<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    const reason = REFUSALS[(error as NodeJS.ErrnoException).code ?? ''];
    if (reason === undefined) throw error;
    throw new UserError(`cannot write ${path}: ${reason}`, 'choose another folder or free disk space', {
      cause: error,
    });
  }
}
