import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { countWords, countWordsOf } from '../../../src/text/bpe/word-counts.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'word-counts-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The counts of a file, in the order of first occurrence. */
function countsOf(text: string): [string, number][] {
  const path = join(folder, 'text');
  writeFileSync(path, text);
  return [...countWordsOf(path)];
}

const expected = (text: string): [string, number][] => [...countWords(text.replace(/\n$/, '').split('\n'))];
// A diff would fill the screen.
const isRight = (text: string): boolean => JSON.stringify(countsOf(text)) === JSON.stringify(expected(text));

test('the words of a file are counted like those of its lines', () => {
  const word = fc.constantFrom(
    '',
    ' ',
    'a',
    'ab',
    'ä',
    '😀',
    'zzzzzzzz',
    'zzzzzzzzz',
    '\t',
    '\0',
    '\ufeff',
    '\u2028',
    '\n',
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 40 }), (words) => {
      const text = words.join(' ');
      expect(countsOf(text)).toEqual(expected(text));
    }),
  );
});

test('an empty file has no words', () => {
  expect(countsOf('')).toEqual([]);
});

test('more words than fit into WebAssembly are counted, in the order of first occurrence', () => {
  const words = Array.from({ length: (1 << 18) + 100_000 }, (_, at) => `w${(at * 7919) % 300_007}`);
  expect(isRight(`${words.join(' ')}\n`)).toBe(true); // one line, also larger than a block
  expect(isRight(`${words.join('\n')}\n`)).toBe(true);
});

test('a line too long for WebAssembly is counted among others', () => {
  expect(isRight(`b a\n${'c a d '.repeat(150_000)}\n${'y'.repeat(600_000)} d b e\n`)).toBe(true);
});

test('texts larger than the text memory are counted', () => {
  const long = (at: number): string => `${at}${'x'.repeat(99_990)}`;
  const words = Array.from({ length: 400 }, (_, at) => long(at % 180));
  expect(isRight(`${words.join('\n')}\n`)).toBe(true);
});
