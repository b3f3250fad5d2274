import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { attempt } from '../text/file-errors.js';

/** Where the translations of a split are written: `DIR/generate-SPLIT.txt`, whose folder is made, or stdout (`-`). */
export function resultsFile(resultsPath: string | null, split: string): string {
  if (resultsPath === null) return '-';
  attempt(resultsPath, 'written', () => mkdirSync(resultsPath, { recursive: true }));
  return join(resultsPath, `generate-${split}.txt`);
}
