import { mkdtempSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../errors.js';
import { attempt } from '../text/file-errors.js';
import { fillFolder } from '../text/make-folder.js';

/**
 * Lets `fill` make files in a hidden folder inside `destination` and, when all are made, moves them to `destination`.
 * If it throws, none appears, and folders that were made for them are gone.
 * @throws UserError where the destination cannot be written
 */
export function publishTogether<T>(destination: string, fill: (staging: string) => Promise<T>): Promise<T> {
  return fillFolder(destination, async () => {
    const staging = attempt(destination, 'written', () => mkdtempSync(join(destination, '.staging-')));
    try {
      const result = await fill(staging);
      for (const name of readdirSync(staging)) renameSync(join(staging, name), join(destination, name));
      rmdirSync(staging);
      return result;
    } catch (error) {
      rmSync(staging, { recursive: true, force: true });
      throw error instanceof UserError ? whereTheyBelong(error, staging) : error;
    }
  });
}

/** The error with the folder of files for that in which they would have appeared. */
const whereTheyBelong = (error: UserError, staging: string): UserError =>
  new UserError(error.problem.replaceAll(staging, dirname(staging)), error.remedy, { cause: error });
