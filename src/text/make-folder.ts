import { closeSync, fsyncSync, mkdirSync, openSync, rmdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { attempt } from './file-errors.js';

/**
 * Makes a folder and what is missing above it, and has the disk hold their names. Node 20's own `recursive` never returns where nothing can be made: below
 * /proc, or in a working folder that was deleted.
 * @returns the topmost folder made, or undefined where all were there
 * @throws what the operating system says
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

/** Disks that have no such thing, and folders that may be written but not read, answer with one of these. */
const NOT_SYNCED: ReadonlySet<string> = new Set(['EACCES', 'EINVAL', 'EISDIR', 'ENOTSUP', 'EPERM']);

/** Has the disk hold the names in a folder, where it can be told to. */
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

function makeWithParent(folder: string, refusal: unknown): string {
  const parent = dirname(folder);
  if (parent === folder) throw refusal;
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
 * Makes a folder for what `fill` writes. If that throws, the folders that were made for it are gone.
 * @param name what an error calls the folder
 * @throws UserError where it cannot be made
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

/** Removes `folder` and what is above it up to `top`, as far as they are empty. */
export function removeEmptyFolders(folder: string, top: string): void {
  try {
    for (let current = folder; current.length >= top.length; current = dirname(current)) rmdirSync(current);
  } catch {
    // Somebody else has put something there: it stays.
  }
}
