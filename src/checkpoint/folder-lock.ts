import { randomUUID } from 'node:crypto';
import { closeSync, linkSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { makeFolder, removeEmptyFolders } from '../text/make-folder.js';
import { openNewFile, openTemporaryFile } from '../text/new-file.js';
import { refusals } from './atomic-file.js';
import { startHeartbeat } from './heartbeat.js';
import { identityOfProcess, isRunning, type ProcessIdentity } from './process-identity.js';
import { unfinishedFile } from './unfinished-file.js';

const NAME = '.training.lock';

/** A lock of a process that is not visible from here is stale if its file is older than this. */
const STALE_AFTER = 60; // seconds

/** The contents of a lock file. */
interface Holder extends ProcessIdentity {
  readonly token: string;
}

/** An existing lock. */
interface FoundLock {
  readonly text: string;
  /** null if the file is empty or damaged, e.g. while its process writes it. */
  readonly holder: Holder | null;
  readonly age: number; // seconds since the last heartbeat
}

/** Another process holds the lock. */
class FolderHeldError extends UserError {}

/** Whether a process that still runs holds the lock of a folder. */
export function isFolderHeld(folder: string): boolean {
  const found = findLock(folder, join(folder, NAME));
  return found !== null && !isStale(found);
}

/**
 * An exclusive lock on a folder. A killed process leaves its lock behind; the next process detects that it is stale.
 */
export class FolderLock {
  readonly #path: string;
  readonly #text: string;
  readonly #createdFolder: string | undefined;
  #stopHeartbeat: () => void = () => {};

  /**
   * Takes the lock of a folder. Creates the folder if it does not exist.
   * @param heartbeat milliseconds between two renewals
   * @throws UserError if another process has the lock (naming that process), or the folder cannot be written to
   */
  constructor(
    readonly folder: string,
    readonly heartbeat = 10_000,
  ) {
    this.#path = join(folder, NAME);
    this.#text = JSON.stringify({ ...identityOfProcess(process.pid), token: randomUUID() } satisfies Holder);
    this.#createdFolder = this.#take();
  }

  /** The lock of a folder, or null if another process holds it. @throws UserError if the folder cannot be written */
  static takeIfFree(folder: string): FolderLock | null {
    try {
      return new FolderLock(folder);
    } catch (error) {
      if (error instanceof FolderHeldError) return null;
      throw error;
    }
  }

  /**
   * Call before every change in the folder: a process that was suspended for a minute may have lost its lock.
   * @throws UserError if another process has taken the lock in the meantime
   */
  keep(): void {
    if (refusals(this.folder, () => textOf(this.#path)) === this.#text) return;
    this.#stopHeartbeat();
    this.#take();
  }

  /**
   * Releases the lock.
   * @param options.removeFolders whether to remove the folders that were created for it, if empty
   */
  release({ removeFolders = false } = {}): void {
    this.#stopHeartbeat();
    if (textOf(this.#path) === this.#text) rmSync(this.#path, { force: true });
    if (removeFolders && this.#createdFolder !== undefined) removeEmptyFolders(this.folder, this.#createdFolder);
  }

  /** Creates the lock file. @returns the topmost folder that was created */
  #take(): string | undefined {
    return refusals(this.folder, () => {
      const created = makeFolder(this.folder);
      while (!createExclusively(this.#path, this.#text)) this.#removeStale();
      this.#stopHeartbeat = startHeartbeat(this.#path, this.#text, this.heartbeat);
      return created;
    });
  }

  /** Removes a stale lock. @throws UserError if the lock is not stale */
  #removeStale(): void {
    const found = findLock(this.folder, this.#path);
    if (found === null) return;
    if (!isStale(found)) throw heldBy(this.folder, found);
    // Renaming is atomic: of several processes that find the same stale lock, only one removes it.
    const aside = unfinishedFile(`${this.#path}.${randomUUID()}`);
    try {
      renameSync(this.#path, aside);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    // If a faster process has replaced the stale lock, put its lock back, unless a third process has locked the folder.
    if (textOf(aside) !== found.text) putBack(aside, this.#path);
    rmSync(aside, { force: true });
  }
}

function isStale({ holder, age }: FoundLock): boolean {
  const running = holder === null ? null : isRunning(holder);
  return running === null ? age > STALE_AFTER : !running;
}

function heldBy(folder: string, { holder, age }: FoundLock): FolderHeldError {
  const who = holder === null ? '' : ` (process ${holder.process} on host ${holder.host})`;
  const isSeen = holder !== null && isRunning(holder) === true;
  const wait = Math.max(1, Math.ceil(STALE_AFTER - age));
  const otherwise = isSeen ? '' : `; if that run was killed, try again in ${wait} s`;
  return new FolderHeldError(
    `another run is writing to ${folder}${who}`,
    `wait until it ends, stop it, or choose another --save-dir${otherwise}`,
  );
}

/** Creates a file. @returns false if it already exists */
function createExclusively(path: string, text: string): boolean {
  try {
    const file = openNewFile(path);
    try {
      writeSync(file, text);
    } finally {
      closeSync(file);
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Restores a lock as a hard link, if the disk supports links, because the heartbeat of its process writes to this file.
 */
function putBack(aside: string, path: string): void {
  try {
    linkSync(aside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') createExclusively(path, textOf(aside) ?? '');
  }
}

/** The lock of a folder; null if none exists. */
function findLock(folder: string, path: string): FoundLock | null {
  const text = textOf(path);
  const status = statSync(path, { throwIfNoEntry: false });
  if (text === null || status === undefined) return null;
  return { text, holder: parseHolder(text), age: (timeOfDisk(folder) - status.mtimeMs) / 1000 };
}

/**
 * The current time by the clock of the disk, in milliseconds: a file server's clock may differ from that of this host.
 */
function timeOfDisk(folder: string): number {
  const probe = unfinishedFile(join(folder, `${NAME}.${randomUUID()}`));
  closeSync(openTemporaryFile(probe));
  try {
    return statSync(probe).mtimeMs;
  } finally {
    rmSync(probe, { force: true });
  }
}

function parseHolder(text: string): Holder | null {
  try {
    const { host, process, token, machine, boot, namespace, started } = JSON.parse(text) as Readonly<
      Record<string, unknown>
    >;
    const isTextOrNull = (value: unknown): value is string | null => value === null || typeof value === 'string';
    if (typeof host !== 'string' || typeof token !== 'string' || typeof process !== 'number') return null;
    if (!isTextOrNull(machine) || !isTextOrNull(boot) || !isTextOrNull(namespace) || !isTextOrNull(started))
      return null;
    return { host, process, token, machine, boot, namespace, started };
  } catch {
    return null;
  }
}

/** The text of a file; null if it does not exist. */
function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
