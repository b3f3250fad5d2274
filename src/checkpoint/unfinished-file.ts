import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { identityOfProcess, isRunning, type ProcessIdentity } from './process-identity.js';

/** `NAME.PROCESS-START-SYSTEM.unfinished`: a file that this process is still writing. */
const UNFINISHED = /\.(\d+)-(\d+)-([0-9a-f]{8})\.unfinished$/;

/** A file of a process that is not visible from here is a leftover if it was not written to for this time. */
const STALE_AFTER = 3600; // seconds

let cached: ProcessIdentity | null = null;

function here(): ProcessIdentity {
  cached ??= identityOfProcess(process.pid);
  return cached;
}

/** Identifies the system whose processes can see each other: 8 hexadecimal digits. */
function systemOf({ host, machine, boot, namespace }: ProcessIdentity): string {
  const text = JSON.stringify([host, machine, boot, namespace]);
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

/** The temporary name of a file while a process writes it. It is unique to the process. */
export function unfinishedFile(path: string, writer = here()): string {
  return `${path}.${writer.process}-${writer.started ?? 0}-${systemOf(writer)}.unfinished`;
}

/**
 * Removes the unfinished files of killed processes from a folder. Keeps the files that running processes are writing.
 */
export function removeUnfinished(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.name.endsWith('.unfinished') && !entry.isDirectory() && isLeftover(path)) rmSync(path, { force: true });
  }
}

function isLeftover(path: string): boolean {
  const [, id, started, system] = UNFINISHED.exec(path) ?? [];
  const isVisible = system === systemOf(here());
  const running = isVisible ? isRunning({ ...here(), process: Number(id), started: started! }, here()) : null;
  return running === null ? secondsSinceWritten(path) > STALE_AFTER : !running;
}

/**
 * Seconds since the last write, by the clock of this host; 0 if the file no longer exists because it was just renamed.
 */
function secondsSinceWritten(path: string): number {
  const status = lstatSync(path, { throwIfNoEntry: false });
  return status === undefined ? 0 : (Date.now() - status.mtimeMs) / 1000;
}
