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
 * Writes a file whole or not at all: under another name in the same folder, to the disk, then renamed. Makes the
 * folder.
 * @throws UserError where the folder or the disk refuses
 */
export function writeWhole(path: string, chunks: Iterable<Uint8Array>): void {
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

/** Gives the file a second name, as a hard link where the disk can and as a copy elsewhere, replacing what had it. */
export function copyWhole(from: string, to: string): void {
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
  const [wanted, there] = [from, to].map((path) => statSync(path).size);
  if (wanted !== there) throw new UserError(`${from} was copied in part`, 'check the disk');
  syncFile(to);
}

/**
 * Makes a folder ready to be written to, before hours of work depend on it, and clears what a killed run left.
 * @throws UserError where it cannot be made or written
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
      // Also after success: renaming a link onto another link to the same file leaves both (POSIX rename).
      removeLeftover(unfinished);
    }
    syncFolder(folder);
  });
}

/** @throws UserError for what no file may take the place of: a device, a pipe, `/dev/stdout` */
export function refuseStream(path: string): void {
  if (!isDeviceOrPipe(path) && descriptorOf(path) === null) return;
  throw new UserError(`cannot write ${path}: it is a device or a stream`, 'name a file');
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
  ENOENT: 'its folder does not exist and cannot be made',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the disk is read-only',
  EEXIST: 'a file stands where its folder should be',
  ENOTDIR: 'a file stands where its folder should be',
  EISDIR: 'it is a folder',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'its symbolic links form a loop',
  EFBIG: 'a file must not be so large there',
  EIO: 'the disk fails',
};

/** Runs what writes to a path. @throws UserError where the folder or the disk refuses */
export function refusals<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    const reason = REFUSALS[(error as NodeJS.ErrnoException).code ?? ''];
    if (reason === undefined) throw error;
    throw new UserError(`cannot write ${path}: ${reason}`, 'choose another folder or make room', { cause: error });
  }
}
