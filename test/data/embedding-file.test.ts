import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Dictionary } from '../../src/data/dictionary.js';
import { readEmbeddings } from '../../src/data/embedding-file.js';
import { UserError } from '../../src/errors.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();
const path = join(folder, 'vectors.txt');

const dictionary = new Dictionary();
for (const symbol of ['the', 'café', '12']) dictionary.add(symbol);

/** The rows of a table of sevens after reading a file into it, and the number of symbols found. */
function read(text: string): { rows: number[][]; found: number } {
  writeFileSync(path, text);
  const values = new Float32Array(dictionary.size * 2).fill(7);
  const found = readEmbeddings(path, { dictionary, width: 2, values });
  return {
    rows: Array.from({ length: dictionary.size }, (_, row) => [...values.subarray(2 * row, 2 * row + 2)]),
    found,
  };
}

const UNTOUCHED = [7, 7];
const specials = [UNTOUCHED, UNTOUCHED, UNTOUCHED, UNTOUCHED];

describe('a file of embeddings', () => {
  it.each([
    ['with a first line of count and width', '3 2\nthe 1 -2\nzebra 3 4\n'],
    ['without one', 'the 1 -2\nzebra 3 4\n'],
    ['with spaces at the ends of lines, as fastText writes it', '3 2 \r\nthe 1 -2 \r\n'],
    ['in which a word occurs twice', 'the 8 9\nthe 1 -2\n'],
    ['whose invalid vectors belong to words outside the dictionary', 'the 1 -2\nzebra 3 x\n. . . 1 2\n'],
    ['without a final newline', 'the 1e0 -2.0'],
  ])('%s overwrites the rows of the words that it has', (_, text) => {
    expect(read(text)).toEqual({ rows: [...specials, [1, -2], UNTOUCHED, UNTOUCHED], found: 1 });
  });

  it('overwrites those of special symbols, numbers and words outside ASCII too', () => {
    const { rows, found } = read('</s> 1 2\n12 3 4\ncafé 5 6\n');
    expect(rows).toEqual([UNTOUCHED, UNTOUCHED, [1, 2], UNTOUCHED, UNTOUCHED, [5, 6], [3, 4]]);
    expect(found).toBe(3);
  });

  it.each([
    [
      'of another width',
      'the 1 2 3\n',
      /vectors.txt line 1: the vectors have 3 numbers, but .* have 2; .*--encoder-embed-dim 3/,
    ],
    ['whose first line has another width', '5 300\nthe 1 2\n', 'vectors.txt line 1: the vectors have 300 numbers'],
    ['with a short line', 'zebra 1 2\nthe 1\n', 'vectors.txt line 2: the vectors have 1 numbers'],
    ['with a value that is not a number', 'the 1 two\n', "vectors.txt line 1: 'two' is not a number"],
    ['with two spaces', 'the 1  2\n', "vectors.txt line 1: '' is not a number"],
    ['with infinity', 'the 1 Infinity\n', "'Infinity' is not a number"],
    ['without a line', '', 'vectors.txt is empty'],
  ])('%s is refused', (_, text, message) => {
    expect(() => read(text)).toThrow(UserError);
    expect(() => read(text)).toThrow(message);
  });
});
