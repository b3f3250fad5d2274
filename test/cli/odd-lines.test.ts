import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { runMain } from '../helpers/run-main.js';
import { commandFolder } from '../helpers/text-command.js';
import { goldenLines, goldenPath } from '../text/golden.js';
import { hasNative } from '../text/sentencepiece/engines.js';

const folder = commandFolder();
const { at, linesOf, run } = folder;
const write = (name: string, text: string | Buffer): void => writeFileSync(at(name), text);

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
  { line: 'detruecase' },
  { line: `apply-bpe -c ${goldenPath('bpe/codes')}` },
  { line: `spm-encode --model ${goldenPath('spm/bpe.model')}` },
  { line: `spm-decode --model ${goldenPath('spm/bpe.model')}` },
];

/** A line of subwords, or of a text, as lowercase text. */
const asText = (line: string): string =>
  (line.startsWith('▁')
    ? line.replaceAll(' ', '').replaceAll('▁', ' ').trim()
    : line.replaceAll('@@ ', '')
  ).toLowerCase();

describe('a line filter', () => {
  test.each(filters)('$line ends lines at \\n, \\r\\n and a lone \\r', async ({ line }) => {
    write('in', 'a\rb\r\n\rd\n\n\re');
    await run(`${line} DIR/in DIR/out`);
    expect(linesOf('out').map(asText)).toEqual(['a', 'b', '', 'd', '', '', 'e']);
  });

  test.each(filters)('$line ends no line at a form feed, U+0085 or U+2028', async ({ line }) => {
    write('in', 'a\fb\na\u0085b\na\u2028b\nend\n');
    await run(`${line} DIR/in DIR/out`);
    const lines = linesOf('out');
    expect(lines).toHaveLength(4);
    expect(asText(lines.at(-1)!)).toBe('end');
  });

  test.each(filters)('$line takes a line longer than a block', async ({ line }) => {
    write('in', `a\n${longLine}\nb`);
    await run(`${line} DIR/in DIR/out`);
    const letters = linesOf('out').map((out) => asText(out).replaceAll(' ', '')); // spm-decode joins words
    expect(letters.map((out) => out.length)).toEqual([1, (LONG / 3) * 2, 1]);
    expect(letters[1] === longLine.replaceAll(' ', '')).toBe(true);
  });

  test.each(filters)('$line makes an empty file of an empty one', async ({ line }) => {
    write('in', '');
    await run(`${line} DIR/in DIR/out`);
    expect(statSync(at('out')).size).toBe(0);
  });
});

describe('a count', () => {
  test('get-vocab splits lines at a lone \\r and not at a form feed', async () => {
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

describe('a learner', () => {
  const learners: readonly { line: string; out?: string; wrap?: (text: string) => string }[] = [
    { line: 'train-truecaser --corpus DIR/in --model DIR/out' },
    { line: 'learn-bpe -s 9 DIR/in DIR/out' },
    { line: 'learn-joint-bpe-and-vocab -s 9 --input DIR/in DIR/in --output DIR/out --write-vocabulary DIR/v DIR/w' },
    { line: 'extract-iwslt DIR/in DIR/out', wrap: (text: string) => `<doc>|${text}|</doc>|` },
    ...(hasNative
      ? [
          {
            line: 'spm-train --input DIR/in --model-prefix DIR/out --vocab-size 60 --minloglevel 3',
            out: 'out.vocab',
          },
        ]
      : []),
  ];
  const text = goldenLines('moses/test.tok.en').slice(0, 20).join('|');

  test.each(learners)('$line learns the same from lines that end in \\n, \\r\\n or a lone \\r', async (learner) => {
    const { line, wrap = (inner: string) => inner, out = 'out' } = learner;
    const learned: string[][] = [];
    for (const end of ['\n', '\r\n', '\r']) {
      write('in', wrap(text).replaceAll('|', end));
      await run(line);
      learned.push(linesOf(out));
    }
    expect(learned[0]!.length).toBeGreaterThan(5);
    expect(learned[1]).toEqual(learned[0]);
    expect(learned[2]).toEqual(learned[0]);
  });

  test('extract-iwslt keeps U+2028, U+0085 and a form feed within a sentence', async () => {
    write('in', '<url>u</url>\na\fb\u2028c\u0085d\n');
    await run('extract-iwslt DIR/in DIR/out');
    expect(linesOf('out')).toEqual(['a\fb\u2028c\u0085d']);
  });

  test('extract-iwslt takes a segment longer than a block', async () => {
    write('in', `<mteval>\n<seg id="1">${longLine}</seg><seg id="2">b</seg>\n</mteval>\n`);
    await run('extract-iwslt DIR/in DIR/out');
    expect(linesOf('out')).toEqual([longLine, 'b']);
  });
});

describe('what cannot be used is named in one line, with exit code 2, and nothing is written', () => {
  const codes = goldenPath('bpe/codes');
  const spm = goldenPath('spm/bpe.model');
  const NOT_TEXT = 'junk line 1 is not valid UTF-8 at column 2 (0xff, byte 2 of the line); it also contains zero bytes';

  beforeEach(() => {
    write('in', 'a b\n');
    write('empty', '');
    write('blank', '\n\n');
    write('junk', Buffer.from([0x61, 0xff, 0x00, 0x0a, 0x00]));
    write('v3', '#version: 0.3\na b\n');
    write('long', `${'ab '.repeat(3000)}\n`.repeat(3));
    mkdirSync(at('folder'));
  });

  test.each([
    { line: 'apply-bpe -c DIR/v3 DIR/in DIR/out', says: 'v3 has BPE version 0.3; versions 0.1 and 0.2 are supported' },
    { line: 'apply-bpe -c DIR/empty DIR/in DIR/out', says: 'empty is empty; give a codes file' },
    { line: 'apply-bpe -c DIR/blank DIR/in DIR/out', says: 'blank is empty; give a codes file' },
    { line: 'truecase --model DIR/blank DIR/in DIR/out', says: 'blank is empty; give a model' },
    { line: 'apply-bpe -c DIR/junk DIR/in DIR/out', says: NOT_TEXT },
    { line: `apply-bpe -c ${codes} DIR/junk DIR/out`, says: NOT_TEXT },
    { line: `apply-bpe -c ${codes} --vocabulary DIR/junk DIR/in DIR/out`, says: NOT_TEXT },
    { line: `apply-bpe -c ${codes} --vocabulary DIR/v3 DIR/in DIR/out`, says: 'v3 line 1: "#version: 0.3" is not' },
    { line: 'tokenize -l de --protected DIR/junk DIR/in DIR/out', says: NOT_TEXT },
    { line: 'get-vocab DIR/junk DIR/out', says: NOT_TEXT },
    { line: 'train-truecaser --corpus DIR/empty --model DIR/out', says: 'there is no casing to learn' },
    { line: 'train-truecaser --corpus DIR/blank --model DIR/out', says: 'there is no casing to learn' },
    { line: 'train-truecaser --corpus DIR/junk --model DIR/out', says: NOT_TEXT },
    { line: 'truecase --model DIR/empty DIR/in DIR/out', says: 'empty is empty; give a model written by' },
    { line: 'truecase --model DIR/v3 DIR/in DIR/out', says: 'v3 line 1: "#version: 0.3" is not "<word> (' },
    { line: 'truecase --model DIR/junk DIR/in DIR/out', says: NOT_TEXT },
    { line: 'learn-joint-bpe-and-vocab -i DIR/blank -o DIR/out --write-vocabulary DIR/v', says: 'there is nothing to' },
    { line: 'learn-joint-bpe-and-vocab -i DIR/junk -o DIR/out --write-vocabulary DIR/v', says: NOT_TEXT },
    {
      line: 'learn-joint-bpe-and-vocab -i DIR/long -o DIR/out --write-vocabulary DIR/folder',
      says: 'folder cannot be written (it is a folder)',
    },
    {
      line: 'learn-joint-bpe-and-vocab -i DIR/long -o DIR/out --write-vocabulary DIR/no/v',
      says: 'v cannot be written (its folder does not exist)',
    },
    { line: 'extract-iwslt DIR/empty DIR/out', says: 'empty is neither mteval XML' },
    { line: 'extract-iwslt DIR/blank DIR/out', says: 'blank is neither mteval XML' },
    { line: 'extract-iwslt DIR/junk DIR/out', says: NOT_TEXT },
    { line: 'extract-iwslt --format mteval DIR/in DIR/out', says: 'in has no segment' },
    { line: 'spm-encode --model DIR/empty DIR/in DIR/out', says: 'empty is not a SentencePiece model' },
    { line: 'spm-decode --model DIR/junk DIR/in DIR/out', says: 'junk is not a SentencePiece model' },
    { line: `spm-encode --model ${spm} DIR/junk DIR/out`, says: NOT_TEXT },
    { line: `spm-decode --model ${spm} DIR/junk DIR/out`, says: NOT_TEXT },
    ...(hasNative
      ? [
          { line: 'spm-train --input DIR/empty --model-prefix DIR/out', says: 'the text has no sentences' },
          { line: 'spm-train --input DIR/blank --model-prefix DIR/out', says: 'the text has no sentences' },
          { line: 'spm-train --input DIR/junk --model-prefix DIR/out', says: NOT_TEXT },
          {
            line: 'spm-train --input DIR/long --model-prefix DIR/out',
            says: 'every sentence has more than 4192 bytes',
          },
        ]
      : []),
  ])('$line', async ({ line, says }) => {
    const before = readdirSync(folder.path);
    const { code, stdout, stderr } = await runMain(...line.replaceAll('DIR', folder.path).split(' '));
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^(?:[\d: -]+\| INFO \| .*\n)*ts-fairseq: [^\n]+\n$/); // a command may have logged before
    expect(stderr).toContain(says);
    expect(readdirSync(folder.path)).toEqual(before);
  });
});

test('a device is written to, not replaced by a file', async () => {
  write('in', 'a\n');
  await expect(run('lowercase DIR/in /dev/full')).rejects.toThrow('/dev/full cannot be written (the disk is full)');
  expect(statSync('/dev/full').isCharacterDevice()).toBe(true);
});
