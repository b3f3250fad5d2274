import { constants, lstatSync, openSync, unlinkSync } from 'node:fs';
import { UserError } from '../errors.js';

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_WRONLY } = constants;

/** Read and write permission for all, restricted by the umask of the process. */
const MODE = 0o666;

/**
 * Creates a file for writing. The name must not exist: a link with that name would redirect the writes to another file.
 * @returns the file descriptor
 * @throws errors of the operating system, e.g. EEXIST if the name exists
 */
export function openNewFile(path: string): number {
  return openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, MODE);
}

/**
 * Creates a file under a temporary name. An existing file or link with that name, e.g. of a killed process, is removed.
 * @throws UserError if the name is a folder; errors of the operating system
 */
export function openTemporaryFile(path: string): number {
  removeLeftover(path);
  return openNewFile(path);
}

/** Opens a file for appending. @throws errors of the operating system, e.g. ELOOP for a symbolic link */
export function openToAppend(path: string): number {
  return openSync(path, O_WRONLY | O_APPEND | O_NOFOLLOW);
}

/** Removes a file, or a link without its target. @throws UserError if the path is a folder */
export function removeLeftover(path: string): void {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return;
  if (status.isDirectory()) throw new UserError(`the folder ${path} has the name of a temporary file`, 'remove it');
  unlinkSync(path);
}
