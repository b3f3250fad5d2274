import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and what is missing above it. Node 20's own `recursive` never returns where nothing can be made: below
 * /proc, or in a working folder that was deleted.
 * @returns the topmost folder made, or undefined where all were there
 * @throws what the operating system says
 */
export function makeFolder(folder: string): string | undefined {
  try {
    mkdirSync(folder);
    return folder;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return makeWithParent(folder, error);
    if (isFolder(folder)) return undefined;
    throw error;
  }
}

function makeWithParent(folder: string, refusal: unknown): string {
  const parent = dirname(folder);
  if (parent === folder) throw refusal;
  const top = makeFolder(parent);
  try {
    mkdirSync(folder);
  } catch (error) {
    if (!isFolder(folder)) throw error; // another process may just have made it
  }
  return top ?? folder;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
