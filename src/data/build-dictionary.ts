import { readLines } from '../text/lines.js';
import { emptyFile } from './binarize.js';
import { Dictionary, type FinalizeOptions } from './dictionary.js';

/**
 * Counts the tokens of texts and makes the dictionary of them.
 *
 * @throws UserError if a text is missing, empty or not UTF-8
 */
export function buildDictionary(paths: Iterable<string>, options: FinalizeOptions): Dictionary {
  const counts = new Dictionary();
  for (const path of new Set(paths)) {
    let lines = 0;
    for (const line of readLines(path)) {
      counts.countLine(line);
      lines += 1;
    }
    if (lines === 0) throw emptyFile(path);
  }
  return counts.finalize(options);
}
