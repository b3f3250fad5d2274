import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { UserError } from '../../src/errors.js';
import { runCommandLine } from '../helpers/command-line.js';
import { commandFolder } from '../helpers/text-command.js';
import { goldenLines, goldenPath } from '../text/golden.js';

const folder = commandFolder();
const { at, linesOf, run } = folder;
const read = (name: string): string => readFileSync(at(name), 'utf8');

describe('a line filter reads a file and writes another', () => {
  test.each([
    { line: 'tokenize -l de', input: 'moses/test.de', golden: 'moses/test.tok.de' },
    { line: 'tokenize -l en -a --no-escape', input: 'moses/test.en', golden: 'moses/test.tok-a-no-escape.en' },
    { line: 'detokenize -l en', input: 'moses/test.tok.en', golden: 'moses/test.detok.en' },
    { line: `apply-bpe -c ${goldenPath('bpe/codes')}`, input: 'bpe/test.lc.de', golden: 'bpe/test.de' },
    {
      line: `apply-bpe -c ${goldenPath('bpe/codes')} --vocabulary ${goldenPath('bpe/vocab.de')} --vocabulary-threshold 5`,
      input: 'bpe/test.lc.de',
      golden: 'bpe/test.vocab5.de',
    },
    {
      line: `apply-bpe --glossaries typescript \\d+ -c ${goldenPath('bpe/codes')}`,
      input: 'bpe/test.lc.en',
      golden: 'bpe/test.glossary.en',
    },
  ])('$line', async ({ line, input, golden }) => {
    await run(`${line} ${goldenPath(input)} ${at('out')}`);
    expect(linesOf('out')).toEqual(goldenLines(golden));
  });

  test('lowercase', async () => {
    writeFileSync(at('in'), 'Ein ÄRGER\r\nZwei');
    await run(`lowercase ${at('in')} ${at('out')}`);
    expect(read('out')).toBe('ein ärger\nzwei\n');
  });
});

test('tokenize goes on with the English abbreviations where a language has none, and says so', async () => {
  writeFileSync(at('in'), "Dr. Ali'nin No. 5 (mavi).\n");
  const { code, stderr } = await runCommandLine(['tokenize', '-l', 'tr', at('in'), at('out')]);
  expect(code, stderr).toBe(0);
  expect(stderr).toContain("WARNING | ts-fairseq | the Moses tokenizer has no list of abbreviations for language 'tr'");
  expect(linesOf('out')).toEqual(['Dr. Ali &apos; nin No. 5 ( mavi ) .']);
});

test('tokenize --skip-xml leaves lines that consist of a tag unchanged', async () => {
  writeFileSync(at('in'), '<a b="c">\nx<b>\n<>\n');
  await run('tokenize -x DIR/in DIR/out');
  expect(linesOf('out')).toEqual(['<a b="c">', 'x &lt; b &gt;', '&lt; &gt;']);
});

test('clean-corpus keeps the pairs that Moses keeps', async () => {
  const texts = ['de', 'en'].map((language) => goldenPath(`moses/valid.tok.${language}`)).join(' ');
  await run(`clean-corpus ${texts} ${at('de')} ${at('en')} 1 25 --ratio 1.5`);
  expect(linesOf('de')).toEqual(goldenLines('moses/valid.clean.de'));
  expect(linesOf('en')).toEqual(goldenLines('moses/valid.clean.en'));
});

test('learn-joint-bpe-and-vocab writes the codes and both vocabularies of subword-nmt', async () => {
  const texts = ['de', 'en'].map((language) => goldenPath(`bpe/train.lc.${language}`)).join(' ');
  await run(
    `learn-joint-bpe-and-vocab --input ${texts} -s 600 --output ${at('codes')} --write-vocabulary ${at('de')} ${at('en')}`,
  );
  expect(linesOf('codes')).toEqual(goldenLines('bpe/codes'));
  expect(linesOf('de')).toEqual(goldenLines('bpe/vocab.de'));
  expect(linesOf('en')).toEqual(goldenLines('bpe/vocab.en'));
});

test('the commands of subword-nmt take its options for files, and its count of all symbols', async () => {
  writeFileSync(at('in'), 'low lower lowest new newer newest\nlow low new\n');
  await run('learn-bpe --input DIR/in --output DIR/codes -s 14 --total-symbols');
  expect(linesOf('codes')).toEqual(['#version: 0.2', 'l o', 'w e', 'n e', 'lo w</w>', 'we s']);
  await run('apply-bpe -c DIR/codes -i DIR/in -o DIR/out -m 3');
  expect(linesOf('out')[1]).toBe('lo@@ w lo@@ w ne@@ w');
  await run('apply-bpe -c DIR/codes -i DIR/in -o DIR/out -m -1');
  expect(linesOf('out')[1]).toBe('low low ne@@ w');
  await run('get-vocab -i DIR/out -o DIR/vocabulary');
  expect(linesOf('vocabulary')[0]).toBe('ne@@ 4');
  await run('learn-joint-bpe-and-vocab -i DIR/in DIR/in -s 14 -t -o DIR/joint --write-vocabulary DIR/a DIR/b');
  expect(linesOf('joint')).toEqual(linesOf('codes'));
});

describe('bad input is a user error and leaves no output behind', () => {
  beforeEach(() => {
    writeFileSync(at('latin1'), Buffer.from([0x67, 0x75, 0x74, 0x0a, 0xfc, 0x0a]));
    writeFileSync(at('one'), 'a b\n');
    writeFileSync(at('two'), 'a b\nc d\n');
    writeFileSync(at('empty'), '');
  });

  test.each([
    { line: 'tokenize -l de DIR/latin1 DIR/out', message: 'latin1 line 2 is not valid UTF-8' },
    { line: 'lowercase DIR/absent DIR/out', message: 'absent cannot be read (it does not exist); check the path' },
    { line: 'lowercase DIR/one DIR/no/out', message: 'its folder does not exist' },
    { line: 'clean-corpus DIR/one DIR/two DIR/out DIR/out2 1 9', message: 'one ends after 1 lines, ' },
    { line: 'clean-corpus DIR/two DIR/two DIR/out DIR/out2 1 x', message: 'max' },
    { line: 'get-vocab -i DIR/one DIR/two', message: 'the input is given twice, as ' },
    {
      line: 'get-vocab -o DIR/out DIR/one DIR/two',
      message: 'the output is given twice, as ',
    },
    { line: 'learn-bpe -s 0 DIR/one DIR/out', message: '--symbols: 0 is too small; the minimum is 1' },
    {
      line: 'learn-joint-bpe-and-vocab -s 0 -i DIR/one -o DIR/out --write-vocabulary DIR/v',
      message: '--symbols: 0 is too small; the minimum is 1',
    },
    { line: 'extract-iwslt DIR/one DIR/out', message: 'one is neither mteval XML' },
    {
      line: 'truecase --model DIR/one DIR/two DIR/out',
      message: 'one line 1: "a b" is not "<word> (<count>/<total>) …"',
    },
    { line: 'truecase DIR/two DIR/out', message: '--model is missing' },
    { line: 'learn-bpe --dict-input DIR/one DIR/out', message: 'one line 1: "a b" is not "<word> <count>"' },
    { line: 'learn-bpe DIR/empty DIR/out', message: 'nothing to learn' },
    { line: 'apply-bpe DIR/one DIR/out', message: '--codes is missing' },
    { line: 'apply-bpe -c DIR/latin1 DIR/one DIR/out', message: 'latin1 line 1: "gut" is not two symbols' },
    { line: 'learn-joint-bpe-and-vocab -i DIR/one -o DIR/out', message: '1 input files, but 0 vocabulary files' },
    { line: 'learn-joint-bpe-and-vocab -i DIR/empty -o DIR/out --write-vocabulary DIR/v', message: 'nothing to learn' },
  ])('$line', async ({ line, message }) => {
    const before = readdirSync(folder.path);
    const outcome = run(line);
    await expect(outcome).rejects.toThrow(UserError);
    await expect(outcome).rejects.toThrow(message);
    expect(readdirSync(folder.path)).toEqual(before);
  });
});
