import { Worker } from 'node:worker_threads';

/** Periodically writes the same text to a file. A write sets the time by the clock of the disk, not of this host. */
const BEAT = `
  const { openSync, writeSync } = require('node:fs');
  const { path, text, interval } = require('node:worker_threads').workerData;
  const file = openSync(path, 'r+');
  setInterval(() => {
    try { writeSync(file, text, 0); } catch {}
  }, interval);
`;

/**
 * Renews a file's modification time until stopped or until the process ends. It uses a separate thread, because a
 * training step may block the main thread for minutes.
 * @param text the contents of the file
 * @param interval milliseconds
 * @returns a function that stops the renewal
 */
export function startHeartbeat(path: string, text: string, interval: number): () => void {
  const worker = new Worker(BEAT, { eval: true, execArgv: [], workerData: { path, text, interval } });
  worker.on('error', () => {}); // a file that was removed needs no renewal
  worker.unref();
  return () => void worker.terminate();
}
