import { constants, lstatSync, openSync, unlinkSync } from 'node:fs';
import { UserError } from '../errors.js';

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_WRONLY } = constants;

/** Read and write for all, less what the process's umask takes away. */
const MODE = 0o666;

/**
 * Creates a file to write to, whose name nothing may have: a symbolic link would lead to another file, a hard link is
 * another file.
 * @returns its descriptor
 * @throws what the operating system says, EEXIST where the name is taken
 */
export function openNewFile(path: string): number {
  return openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, MODE);
}

/**
 * The same under a temporary name: what a killed process has left there, or someone has put there, is removed.
 * @throws UserError where it is a folder; what the operating system says
 */
export function openTemporaryFile(path: string): number {
  removeLeftover(path);
  return openNewFile(path);
}

/** Opens a file to write at its end. @throws what the operating system says, ELOOP for a symbolic link */
export function openToAppend(path: string): number {
  return openSync(path, O_WRONLY | O_APPEND | O_NOFOLLOW);
}

/** Removes a file or a link, not what it leads to. @throws UserError where it is a folder */
export function removeLeftover(path: string): void {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return;
  if (status.isDirectory()) throw new UserError(`the folder ${path} has the name of a temporary file`, 'remove it');
  unlinkSync(path);
}
