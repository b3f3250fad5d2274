import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { removeEmptyFolders } from '../data/staging.js';
import { attempt } from '../text/file-errors.js';
import { writeLinesAtomically } from '../text/lines.js';
import { makeFolder } from '../text/make-folder.js';

/**
 * Writes the lines that `translate` makes to `DIR/generate-SPLIT.txt`, whole or not at all, or to stdout. The folder is
 * made before the work begins, and is gone again if that fails.
 * @throws UserError where the folder cannot be written
 */
export async function writeResults(
  resultsPath: string | null,
  split: string,
  translate: () => Promise<readonly string[]>,
): Promise<void> {
  if (resultsPath === null) return writeLinesAtomically('-', await translate());
  const created = attempt(resultsPath, 'written', () => {
    const top = makeFolder(resultsPath);
    accessSync(resultsPath, constants.W_OK);
    return top;
  });
  try {
    writeLinesAtomically(join(resultsPath, `generate-${split}.txt`), await translate());
  } catch (error) {
    if (created !== undefined) removeEmptyFolders(resultsPath, created);
    throw error;
  }
}
