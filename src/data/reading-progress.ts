import { statSync } from 'node:fs';
import { log } from '../log.js';

const MEGABYTE = 1e6;

/** Bytes of some files; one that is not there is the reader's to report. */
const sizeOfFiles = (paths: readonly string[]): number =>
  paths.reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);

/**
 * Tells the log how much of some files has been read, in megabytes.
 * @returns what to call with the number of bytes of every piece
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
