import { statSync } from 'node:fs';
import { log } from '../log.js';

const MEGABYTE = 1e6;

/**
 * Tells the log how much of some files has been read, in megabytes.
 * @returns what to call with the number of bytes of every piece
 */
export function readingProgress(label: string, paths: readonly string[]): (bytes: number) => void {
  // A file that is not there is the reader's to report.
  const size = paths.reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
  const megabytes = (bytes: number): number => Math.floor((10 * bytes) / MEGABYTE) / 10;
  const total = megabytes(size);
  let read = 0;
  return (bytes) => {
    read += bytes;
    log.info('progress', { label, position: Math.min(megabytes(read), total), total });
  };
}
