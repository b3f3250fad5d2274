import { UserError } from '../errors.js';
import { readLines } from '../text/lines.js';
import type { Dictionary } from './dictionary.js';
import { trimEndWhitespace } from './whitespace.js';

/** `2000000 300`: how many vectors follow, and their width. */
const HEADER = /^\d+ (\d+)$/;

/** A table of embeddings that a file fills in part. */
export interface EmbeddingTable {
  readonly dictionary: Dictionary;
  readonly width: number;
  readonly values: Float32Array; // [dictionary.size, width]
}

/**
 * Overwrites the rows of those symbols that a text file has a vector for: `word x1 x2 …` a line, with or without a first
 * line `COUNT WIDTH`. Of a word that comes twice the last counts. The file is read line by line.
 *
 * @returns how many symbols were found
 * @throws UserError for vectors of another width and for what is no number, naming the line
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
    `${where}: vectors of ${actual} numbers, where the model's embeddings have ${width}`,
    `give the model --encoder-embed-dim ${actual}, or leave the file out`,
  );
}
