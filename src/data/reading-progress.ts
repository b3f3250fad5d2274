import { statSync } from 'node:fs';
import { log } from '../log.js';

const MEGABYTE = 1e6;

/** The total size of files in bytes. A missing file counts as 0; its reader reports the error. */
const sizeOfFiles = (paths: readonly string[]): number =>
  paths.reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);

/**
 * Logs the progress of reading files, in megabytes.
 * @returns a function to call with the number of bytes of every block read
 */
export function readingProgress(label: string, paths: readonly string[]): (bytes: number) => void {
  const megabytes = (bytes: number): number => Math.floor((10 * bytes) / MEGABYTE) / 10;
  const total = megabytes(sizeOfFiles(paths));
  let read = 0;
  return (bytes) => {
    read += bytes;
    log.info('progress', { label, position: Math.min(megabytes(read), total), total });
  };
}
