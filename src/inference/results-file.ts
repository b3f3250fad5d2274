import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { attempt } from '../text/file-errors.js';
import { writeLinesAtomically } from '../text/lines.js';
import { fillFolder } from '../text/make-folder.js';

/**
 * Writes the lines that `translate` returns to `DIR/generate-SPLIT.txt` atomically, or to stdout. The folder is created
 * before `translate` runs, and removed again if `translate` fails.
 * @throws UserError if the folder cannot be written
 */
export async function writeResults(
  resultsPath: string | null,
  split: string,
  translate: () => Promise<readonly string[]>,
): Promise<void> {
  if (resultsPath === null) return writeLinesAtomically('-', await translate());
  await fillFolder(resultsPath, async () => {
    attempt(resultsPath, 'written', () => accessSync(resultsPath, constants.W_OK));
    writeLinesAtomically(join(resultsPath, `generate-${split}.txt`), await translate());
  });
}
