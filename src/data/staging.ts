import { mkdtempSync, readdirSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { UserError } from '../errors.js';
import { attempt } from '../text/file-errors.js';
import { fillFolder } from '../text/make-folder.js';

/** Begins the names of this machine's hidden folders; the number of the process follows. */
const STAGING = `.staging-${encodeURIComponent(hostname())}+`;

/**
 * Lets `fill` make files in a hidden folder inside `destination` and, when all are made, moves them to `destination`.
 * If it throws, none appears, and folders that were made for them are gone. What a killed process left is removed.
 * @throws UserError where the destination cannot be written
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
      throw error instanceof UserError ? whereTheyBelong(error, staging) : error;
    }
  });
}

/** Before the first file is moved: a set of which only some have is worse than none. */
function refuseFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UserError(`${path} cannot be written (it is a folder)`, 'remove it, or choose another --destdir');
  }
}

/** The error with the folder of files for that in which they would have appeared. */
const whereTheyBelong = (error: UserError, staging: string): UserError =>
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
