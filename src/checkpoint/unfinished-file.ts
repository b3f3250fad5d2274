import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { identityOfProcess, isRunning, type ProcessIdentity } from './process-identity.js';

/** `NAME.PROCESS-START-SYSTEM.unfinished`: a file that this process is still writing. */
const UNFINISHED = /\.(\d+)-(\d+)-([0-9a-f]{8})\.unfinished$/;

/** A file whose process cannot be seen from here is a leftover when it was not written to for so long. */
const STALE_AFTER = 3600; // seconds

let cached: ProcessIdentity | null = null;

function here(): ProcessIdentity {
  cached ??= identityOfProcess(process.pid);
  return cached;
}

/** Of the processes that see each other by their ids: 8 hexadecimal digits. */
function systemOf({ host, machine, boot, namespace }: ProcessIdentity): string {
  const text = JSON.stringify([host, machine, boot, namespace]);
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

/** The name under which a process writes a file until it is whole; no other process has the same. */
export function unfinishedFile(path: string, writer = here()): string {
  return `${path}.${writer.process}-${writer.started ?? 0}-${systemOf(writer)}.unfinished`;
}

/** Removes what killed processes left unfinished in a folder, and leaves what others are writing. */
export function removeUnfinished(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.name.endsWith('.unfinished') && !entry.isDirectory() && isLeftover(path)) rmSync(path, { force: true });
  }
}

function isLeftover(path: string): boolean {
  const [, id, started, system] = UNFINISHED.exec(path) ?? [];
  const isSeen = system === systemOf(here());
  const running = isSeen ? isRunning({ ...here(), process: Number(id), started: started! }, here()) : null;
  return running === null ? secondsSinceWritten(path) > STALE_AFTER : !running;
}

/** By the clock of this host; 0 for a file that is gone, which its writer has just renamed. */
function secondsSinceWritten(path: string): number {
  const status = lstatSync(path, { throwIfNoEntry: false });
  return status === undefined ? 0 : (Date.now() - status.mtimeMs) / 1000;
}
