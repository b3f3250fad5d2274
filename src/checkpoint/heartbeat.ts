import { Worker } from 'node:worker_threads';

/** Writes the same text to the start of a file again and again: a write takes the time of the disk, not of this host. */
const BEAT = `
  const { openSync, writeSync } = require('node:fs');
  const { path, text, interval } = require('node:worker_threads').workerData;
  const file = openSync(path, 'r+');
  setInterval(() => {
    try { writeSync(file, text, 0); } catch {}
  }, interval);
`;

/**
 * Renews a file's time of change until it is stopped or the process ends, from a thread of its own: a step of training
 * may keep the main thread for minutes.
 * @param text what the file holds
 * @param interval milliseconds
 * @returns what stops it
 */
export function startHeartbeat(path: string, text: string, interval: number): () => void {
  const worker = new Worker(BEAT, { eval: true, execArgv: [], workerData: { path, text, interval } });
  worker.on('error', () => {}); // a file that was taken away needs no renewal
  worker.unref();
  return () => void worker.terminate();
}
