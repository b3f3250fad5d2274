import { randomUUID } from 'node:crypto';
import { closeSync, linkSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { makeFolder, removeEmptyFolders } from '../text/make-folder.js';
import { openNewFile, openTemporaryFile } from '../text/new-file.js';
import { startHeartbeat } from './heartbeat.js';
import { identityOfProcess, isRunning, type ProcessIdentity } from './process-identity.js';
import { unfinishedFile } from './unfinished-file.js';
import { refusals } from './whole-file.js';

const NAME = '.training.lock';

/** A lock whose process cannot be seen from here counts as long as its file was written in the last minute. */
const STALE_AFTER = 60; // seconds

/** What stands in the file of a lock. */
interface Holder extends ProcessIdentity {
  readonly token: string;
}

/** A lock as another process finds it. */
interface FoundLock {
  readonly text: string;
  /** null where the file is empty or damaged, as when its process is just writing it. */
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

/** One process's right to write to a folder. A killed process leaves its lock behind; the next one finds it stale. */
export class FolderLock {
  readonly #path: string;
  readonly #text: string;
  readonly #createdFolder: string | undefined;
  #stopHeartbeat: () => void = () => {};

  /**
   * Takes the lock of a folder, and makes the folder where it is missing.
   * @param heartbeat milliseconds between two renewals
   * @throws UserError where another process holds it, naming that process, and where the folder cannot be written
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
   * To be called before every change in the folder: a process that was stopped for a minute may have lost its lock.
   * @throws UserError where another process has taken it since
   */
  keep(): void {
    if (refusals(this.folder, () => textOf(this.#path)) === this.#text) return;
    this.#stopHeartbeat();
    this.#take();
  }

  /** Gives the lock back. @param options.removeFolders the folders that were made for it go too, if nothing is in them */
  release({ removeFolders = false } = {}): void {
    this.#stopHeartbeat();
    if (textOf(this.#path) === this.#text) rmSync(this.#path, { force: true });
    if (removeFolders && this.#createdFolder !== undefined) removeEmptyFolders(this.folder, this.#createdFolder);
  }

  /** @returns the topmost folder that was made */
  #take(): string | undefined {
    return refusals(this.folder, () => {
      const created = makeFolder(this.folder);
      while (!createExclusively(this.#path, this.#text)) this.#removeStale();
      this.#stopHeartbeat = startHeartbeat(this.#path, this.#text, this.heartbeat);
      return created;
    });
  }

  /** @throws UserError where the lock is not stale */
  #removeStale(): void {
    const found = findLock(this.folder, this.#path);
    if (found === null) return;
    if (!isStale(found)) throw heldBy(this.folder, found);
    // Renaming is atomic: of several processes that find the same stale lock, one takes it away.
    const aside = unfinishedFile(`${this.#path}.${randomUUID()}`);
    try {
      renameSync(this.#path, aside);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    // A quicker process has replaced it meanwhile: that one's lock is put back, unless there is a third by now.
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
    `another run writes to ${folder}${who}`,
    `wait for its end, stop it, or choose another --save-dir${otherwise}`,
  );
}

/** @returns false where the file is there already */
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

/** As a link, where the disk has links: the holder's heartbeat writes to this very file. */
function putBack(aside: string, path: string): void {
  try {
    linkSync(aside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') createExclusively(path, textOf(aside) ?? '');
  }
}

/** The lock of a folder; null where there is none. */
function findLock(folder: string, path: string): FoundLock | null {
  const text = textOf(path);
  const status = statSync(path, { throwIfNoEntry: false });
  if (text === null || status === undefined) return null;
  return { text, holder: parseHolder(text), age: (timeOfDisk(folder) - status.mtimeMs) / 1000 };
}

/** The time that the disk gives a file that is written now: the clock of a file server may not be that of this host. */
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

/** null where there is no file. */
function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
