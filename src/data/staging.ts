import { mkdtempSync, readdirSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { UserError } from '../errors.js';
import { attempt } from '../text/file-errors.js';
import { fillFolder } from '../text/make-folder.js';

/** The prefix of the names of this machine's hidden folders; the process id follows. */
const STAGING = `.staging-${encodeURIComponent(hostname())}+`;

/**
 * Runs `fill`, which creates files in a hidden folder inside `destination`, and then moves them all to `destination`.
 * If `fill` throws, no file appears, and folders created for them are removed. Leftovers of killed processes are
 * removed.
 * @throws UserError if the destination cannot be written
 */
export function publishTogether<T>(destination: string, fill: (staging: string) => Promise<T>): Promise<T> {
  return fillFolder(destination, async () => {
    removeLeftovers(destination);
    const staging = attempt(destination, 'written', () => mkdtempSync(join(destination, `${STAGING}${process.pid}+`)));
    try {
      const result = await fill(staging);
      const names = readdirSync(staging);
      for (const name of names) refuseFolder(join(destination, name));
      for (const name of names) renameSync(join(staging, name), join(destination, name));
      rmdirSync(staging);
      return result;
    } catch (error) {
      rmSync(staging, { recursive: true, force: true });
      throw error instanceof UserError ? withFinalPaths(error, staging) : error;
    }
  });
}

/** Called before the first file is moved, because an incomplete set of files would be worse than none. */
function refuseFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UserError(`${path} cannot be written (it is a folder)`, 'remove it, or choose another --destdir');
  }
}

/** Replaces the path of the hidden folder in an error by the destination. */
const withFinalPaths = (error: UserError, staging: string): UserError =>
  new UserError(error.problem.replaceAll(staging, dirname(staging)), error.remedy, { cause: error });

function removeLeftovers(destination: string): void {
  for (const name of readdirSync(destination).filter((name) => name.startsWith(STAGING))) {
    const pid = Number.parseInt(name.slice(STAGING.length), 10);
    if (pid > 0 && !isRunning(pid)) rmSync(join(destination, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
