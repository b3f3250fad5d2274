import { writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { commandFolder } from '../helpers/text-command.js';
import { goldenPath } from '../text/golden.js';

const { at, linesOf, run } = commandFolder();
const write = (name: string, text: string): void => writeFileSync(at(name), text);

beforeEach(() => write('truecase', 'Haus (2/2)\n'));

/** More than one block of the reader. */
const LONG = 300_000;
const longLine = 'ab '.repeat(LONG / 3).trimEnd();

const filters = [
  { line: 'tokenize -l de -a' },
  { line: 'detokenize -l de' },
  { line: 'normalize-punctuation -l de' },
  { line: 'lowercase' },
  { line: 'truecase --model DIR/truecase' },
  { line: `apply-bpe -c ${goldenPath('bpe/codes')}` },
];

describe('a line filter', () => {
  test.each(filters)('$line ends lines at \\n, \\r\\n and a lone \\r', async ({ line }) => {
    write('in', 'a\rb\r\n\rd\n\n\re');
    await run(`${line} DIR/in DIR/out`);
    expect(linesOf('out')).toEqual(['a', 'b', '', 'd', '', '', 'e']);
  });

  test.each(filters)('$line ends no line at a form feed, U+0085 or U+2028', async ({ line }) => {
    write('in', 'a\fb\na\u0085b\na\u2028b\nend\n');
    await run(`${line} DIR/in DIR/out`);
    const lines = linesOf('out');
    expect(lines).toHaveLength(4);
    expect(lines.at(-1)!.replaceAll('@@ ', '')).toBe('end');
  });

  test.each(filters)('$line takes a line longer than a block', async ({ line }) => {
    write('in', `a\n${longLine}\nb`);
    await run(`${line} DIR/in DIR/out`);
    const [first, long, last] = linesOf('out');
    expect([first, long!.replaceAll('@@ ', ''), last]).toEqual(['a', longLine, 'b']);
  });
});

describe('a count', () => {
  test('get-vocab parts lines at a lone \\r and not at a form feed', async () => {
    write('in', 'a a\ra\fb\r\na');
    await run('get-vocab DIR/in DIR/out');
    expect(linesOf('out')).toEqual(['a 3', 'a\fb 1']);
  });

  test('learn-bpe learns from a long line what it learns from short ones', async () => {
    write('long', longLine);
    write('short', longLine.replaceAll(' ', '\r'));
    await run('learn-bpe -s 5 DIR/long DIR/long.codes');
    await run('learn-bpe -s 5 DIR/short DIR/short.codes');
    expect(linesOf('long.codes')).toEqual(['#version: 0.2', 'a b</w>']);
    expect(linesOf('short.codes')).toEqual(linesOf('long.codes'));
  });

  test('clean-corpus pairs lines whichever way they end', async () => {
    write('de', 'a\rb b\r\nc\u2028c\n');
    write('en', 'A\nB B\nC C');
    await run('clean-corpus DIR/de DIR/en DIR/out.de DIR/out.en 1 9');
    expect(linesOf('out.en')).toEqual(['A', 'B B', 'C C']);
    expect(linesOf('out.de')).toHaveLength(3);
  });
});

test('a word of many thousand letters is split and joins again', async () => {
  const word = 'donaudampfschiff'.repeat(2_000);
  write('in', `${word}\n`);
  await run(`apply-bpe -c ${goldenPath('bpe/codes')} DIR/in DIR/out`);
  expect(linesOf('out')[0]!.replaceAll('@@ ', '')).toBe(word);
});
