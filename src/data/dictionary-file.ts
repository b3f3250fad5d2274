import { createHash } from 'node:crypto';
import { readLines, writeLinesAtomically } from '../text/lines.js';
import { Dictionary } from './dictionary.js';

/**
 * Reads fairseq's `dict.LANG.txt`.
 *
 * @throws UserError if the file does not exist, or naming the line that is not UTF-8, has no count or is a duplicate
 */
export function loadDictionary(path: string): Dictionary {
  return Dictionary.parse(readLines(path), path);
}

/** Writes fairseq's `dict.LANG.txt` atomically. */
export function saveDictionary(dictionary: Dictionary, path: string): void {
  writeLinesAtomically(path, dictionary.lines());
}

/**
 * A hash of the symbols in the order of their ids, recorded in checkpoints: SHA-256 (hexadecimal) of the symbols, each
 * followed by a newline. Counts do not matter.
 */
export function hashDictionary(dictionary: Dictionary): string {
  const hash = createHash('sha256');
  let symbols = '';
  for (let index = 0; index < dictionary.size; index++) {
    symbols += `${dictionary.symbol(index)}\n`;
    if (symbols.length < 1 << 20) continue;
    hash.update(symbols);
    symbols = '';
  }
  return hash.update(symbols).digest('hex');
}
