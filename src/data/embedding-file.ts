import { UserError } from '../errors.js';
import { readLines } from '../text/lines.js';
import type { Dictionary } from './dictionary.js';
import { trimEndWhitespace } from './whitespace.js';

/** `2000000 300`: the number of vectors and their width. */
const HEADER = /^\d+ (\d+)$/;

/** A table of embeddings whose rows a file may overwrite. */
export interface EmbeddingTable {
  readonly dictionary: Dictionary;
  readonly width: number;
  readonly values: Float32Array; // [dictionary.size, width]
}

/**
 * Overwrites the rows of symbols for which a text file contains a vector: one line `word x1 x2 …` per vector, with or
 * without a first line `COUNT WIDTH`. If a word occurs twice, the last vector counts. The file is read line by line.
 *
 * @returns the number of symbols found
 * @throws UserError naming the line with a vector of another width or a value that is not a number
 */
export function readEmbeddings(path: string, { dictionary, width, values }: EmbeddingTable): number {
  const found = new Set<number>();
  let number = 0;
  for (const text of readLines(path)) {
    number += 1;
    const line = trimEndWhitespace(text);
    const header = number === 1 ? HEADER.exec(line) : null;
    if (header !== null) {
      checkWidth(`${path} line 1`, Number(header[1]), width);
      continue;
    }
    const symbol = line.slice(0, Math.max(0, line.indexOf(' ')));
    const isWanted = dictionary.has(symbol);
    if (!isWanted && number > 1) continue;
    const vector = parseVector(`${path} line ${number}`, line.slice(symbol.length + 1), width);
    if (!isWanted) continue;
    const index = dictionary.index(symbol);
    values.set(vector, index * width);
    found.add(index);
  }
  if (number === 0) throw new UserError(`${path} is empty`, 'name a file of lines "word x1 x2 …"');
  return found.size;
}

function parseVector(where: string, text: string, width: number): number[] {
  const pieces = text === '' ? [] : text.split(' ');
  const wrong = pieces.find((piece) => piece === '' || !Number.isFinite(Number(piece)));
  if (wrong !== undefined) {
    throw new UserError(`${where}: '${wrong}' is not a number`, 'each line is "word x1 x2 …", with single spaces');
  }
  checkWidth(where, pieces.length, width);
  return pieces.map(Number);
}

function checkWidth(where: string, actual: number, width: number): void {
  if (actual === width) return;
  throw new UserError(
    `${where}: the vectors have ${actual} numbers, but the model's embeddings have ${width}`,
    `train with --encoder-embed-dim ${actual}, or omit the file`,
  );
}
