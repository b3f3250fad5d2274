import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
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

/**
 * Reads the dictionaries of two languages. Equal files, as `preprocess --joined-dictionary` writes them, give one dictionary.
 * @throws UserError as `loadDictionary` does
 */
export function loadDictionaries(source: string, target: string): readonly [Dictionary, Dictionary] {
  const dictionary = loadDictionary(source);
  return [dictionary, areEqual(source, target) ? dictionary : loadDictionary(target)];
}

/** Whether two paths are files with the same bytes. */
function areEqual(first: string, second: string): boolean {
  const [one, other] = [first, second].map((path) => statSync(path, { throwIfNoEntry: false }));
  if (!one?.isFile() || !other?.isFile() || one.size !== other.size) return false;
  return readFileSync(first).equals(readFileSync(second));
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
