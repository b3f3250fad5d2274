import { closeSync, fsyncSync, mkdirSync, openSync, rmdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { attempt } from './file-errors.js';

/**
 * Creates a folder and its missing parents, and flushes their names to disk. Not with `recursive` of Node 20, which
 * never returns if no folder can be created: below /proc, or in a working folder that was deleted.
 * @returns the topmost folder created, or undefined if the folder already exists
 * @throws errors of the operating system
 */
export function makeFolder(folder: string): string | undefined {
  try {
    makeOne(folder);
    return folder;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return makeWithParent(folder, error);
    if (isFolder(folder)) return undefined;
    throw error;
  }
}

function makeOne(folder: string): void {
  mkdirSync(folder);
  syncFolder(dirname(folder));
}

/** Error codes of file systems that cannot flush folders, and of folders that are writable but not readable. */
const NOT_SYNCED: ReadonlySet<string> = new Set(['EACCES', 'EINVAL', 'EISDIR', 'ENOTSUP', 'EPERM']);

/** Flushes the names in a folder to disk, if the file system supports it. */
export function syncFolder(folder: string): void {
  try {
    const file = openSync(folder, 'r');
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (!NOT_SYNCED.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

function makeWithParent(folder: string, reason: unknown): string {
  const parent = dirname(folder);
  if (parent === folder) throw reason;
  const top = makeFolder(parent);
  try {
    makeOne(folder);
  } catch (error) {
    if (!isFolder(folder)) throw error; // another process may just have made it
  }
  return top ?? folder;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/**
 * Creates a folder, and runs `fill` to write into it. If `fill` throws, the folders created are removed.
 * @param name the name of the folder in messages
 * @throws UserError if the folder cannot be created
 */
export async function fillFolder<T>(folder: string, fill: () => Promise<T>, name = folder): Promise<T> {
  const created = attempt(name, 'written', () => makeFolder(folder));
  try {
    return await fill();
  } catch (error) {
    if (created !== undefined) removeEmptyFolders(folder, created);
    throw error;
  }
}

/** Removes `folder` and its parents up to `top`, as far as they are empty. */
export function removeEmptyFolders(folder: string, top: string): void {
  try {
    for (let current = folder; current.length >= top.length; current = dirname(current)) rmdirSync(current);
  } catch {
    // The folder is not empty, because another process has written to it.
  }
}
