import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { openIndexedDataset } from '../../src/data/indexed-dataset.js';
import { preprocess } from '../../src/data/preprocess.js';
import { type PreprocessOptions, preprocessOptions } from '../../src/data/preprocess-options.js';
import { formatPercent } from '../../src/data/preprocess-report.js';
import { UserError } from '../../src/errors.js';
import { type LogEvent, log } from '../../src/log.js';
import { selectOptions } from '../../src/options/select.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const TEXT = 'test/golden/data/text';
const GIVEN = 'test/golden/data';
const SEVERAL = { validpref: `${TEXT}/valid,${TEXT}/test`, testpref: `${TEXT}/test,${TEXT}/valid` };
const sha256 = JSON.parse(readFileSync('test/golden/data/preprocess-sha256.json', 'utf8')) as Record<
  string,
  Record<string, string>
>;
const defaults = selectOptions(preprocessOptions, {});

const parent = temporaryFolder();
let folder: string;
let destdir: string;
beforeEach(() => {
  folder = mkdtempSync(join(parent, 'test-'));
  destdir = join(folder, 'made', 'data-bin');
});

function run(options: Partial<PreprocessOptions>): Promise<void> {
  return preprocess({ ...defaults, sourceLang: 'de', targetLang: 'en', destdir, ...options });
}

/** Writes texts into the folder, `text({ 'train.de': 'a b\n' })`, and returns the train prefix. */
function text(files: Record<string, string | Buffer>): string {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return join(folder, 'train');
}

const ids = (name: string): number[][] => {
  const store = openIndexedDataset(join(destdir, name));
  const sentences = Array.from(store.sizes, (_, at) => [...store.sentence(at)]);
  store.close();
  return sentences;
};

describe("preprocess writes fairseq's files byte for byte", async () => {
  it.each<[string, Partial<PreprocessOptions>]>([
    ['joined', { joinedDictionary: true }],
    ['separate', { thresholdsrc: 2, thresholdtgt: 3, paddingFactor: 1 }],
    ['nwords', { nwordssrc: 200, nwordstgt: 150 }],
    ['cut', { nwordssrc: 100, thresholdtgt: 4, paddingFactor: 16, ...SEVERAL }],
    ['dict-only', { joinedDictionary: true, dictOnly: true, thresholdsrc: 3, ...SEVERAL }],
    ['given', { srcdict: `${GIVEN}/separate/dict.de.txt`, tgtdict: `${GIVEN}/nwords/dict.en.txt`, ...SEVERAL }],
    ['given-joined', { joinedDictionary: true, tgtdict: `${GIVEN}/separate/dict.en.txt`, ...SEVERAL }],
    ['only-source', { onlySource: true, paddingFactor: 1, ...SEVERAL }],
  ])('%s', async (name, options) => {
    await run({ trainpref: `${TEXT}/train`, validpref: `${TEXT}/valid`, testpref: `${TEXT}/test`, ...options });
    expect(hashes((file) => file !== 'preprocess.log')).toEqual(sha256[name]);
  });

  const ALIGNED = { alignSuffix: 'align', thresholdsrc: 2 };
  it('word alignments, and the log', async () => {
    const trainpref = alignedText();
    const [validpref, testpref] = [join(folder, 'valid'), join(folder, 'test')];
    await run({ ...ALIGNED, trainpref, validpref, testpref, alignfile: join(folder, 'train.align') });
    expect(hashes((file) => file.includes('align'))).toEqual(sha256.aligned);
    const [, ...lines] = readFileSync(join(destdir, 'preprocess.log'), 'utf8').split('\n');
    const printed = lines.join('\n').replaceAll(destdir, 'aligned').replaceAll(`${folder}/`, '');
    expect(printed).toBe(readFileSync('test/golden/data/preprocess-aligned.log', 'utf8'));
  });

  it('word alignments with --only-source', async () => {
    await run({ ...ALIGNED, trainpref: alignedText(), targetLang: null, onlySource: true });
    expect(hashes((file) => file.includes('align'))).toEqual(sha256['aligned-only-source']);
  });
});

/** SHA-256 of the files created. */
function hashes(choose: (file: string) => boolean): Record<string, string> {
  const hash = (file: string): string =>
    createHash('sha256')
      .update(readFileSync(join(destdir, file)))
      .digest('hex');
  return Object.fromEntries(
    readdirSync(destdir)
      .filter(choose)
      .map((file) => [file, hash(file)]),
  );
}

/** The golden text with the alignments of test/golden/data/make-alignments.sh. @returns the train prefix */
function alignedText(): string {
  cpSync(TEXT, folder, { recursive: true });
  const tokens = (name: string): number[] =>
    readFileSync(join(TEXT, name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ').length);
  for (const split of ['train', 'valid', 'test']) {
    const targets = tokens(`${split}.en`);
    const lines = tokens(`${split}.de`).map((count, line) =>
      Array.from({ length: count }, (_, word) => [word, Math.floor((word * targets[line]!) / count)] as const)
        .filter(([word]) => word % 5 !== 4)
        .map((pair) => pair.join('-'))
        .join(' '),
    );
    writeFileSync(join(folder, `${split}.align`), `${lines.join('\n')}\n`);
  }
  return join(folder, 'train');
}

/** The log of `work`. */
async function logged(work: () => Promise<void>): Promise<LogEvent[]> {
  const events: LogEvent[] = [];
  const detach = log.attach((event) => events.push(event));
  await work().finally(detach);
  return events;
}

describe('preprocess', () => {
  it('logs like fairseq, also to preprocess.log', async () => {
    await run({ trainpref: text({ 'train.de': 'a b\na\n', 'train.en': 'c\nd\n' }), thresholdsrc: 2 });
    const lines = readFileSync(join(destdir, 'preprocess.log'), 'utf8').split('\n');
    expect(lines).toContain('[de] Dictionary: 8 types');
    expect(lines).toContain(`[de] ${folder}/train.de: 2 sents, 5 tokens, 20.0% replaced (by <unk>)`);
  });

  it('reports how much of the text has been read, up to the end', async () => {
    const line = `${'word '.repeat(20)}\n`;
    const trainpref = text({ 'train.de': line.repeat(10_000), 'train.en': line.repeat(10_000) });
    const events = await logged(() => run({ trainpref, validpref: trainpref }));
    for (const [label, total] of [
      ['counting words, MB', 2],
      ['binarising, MB', 4],
    ] as const) {
      const steps = events.filter(({ kind, fields }) => kind === 'progress' && fields.label === label);
      const positions = steps.map(({ fields }) => fields.position as number);
      expect(new Set(steps.map(({ fields }) => fields.total))).toEqual(new Set([total]));
      expect(positions).toEqual([...positions].sort((a, b) => a - b));
      expect(positions.length).toBeGreaterThan(10);
      expect(positions.at(-1)).toBe(total);
    }
  });

  it('warns if --align-suffix names no file', async () => {
    const trainpref = text({ 'train.de': 'a\n', 'train.en': 'b\n' });
    const events = await logged(() => run({ trainpref, alignSuffix: 'algin' }));
    const warnings = events.filter(({ level }) => level === 'warning').map(({ fields }) => fields.message);
    expect(warnings).toEqual(['no split has word alignments: no file is named PREFIX.algin']);
  });

  it('numbers additional validation and test sets', async () => {
    const trainpref = text({ 'train.de': 'a\n', 'train.en': 'b\n' });
    await run({ trainpref, validpref: `${trainpref},${trainpref}`, testpref: trainpref });
    expect(readdirSync(destdir).filter((name) => name.endsWith('.de.idx'))).toEqual([
      'test.de-en.de.idx',
      'train.de-en.de.idx',
      'valid.de-en.de.idx',
      'valid1.de-en.de.idx',
    ]);
  });

  it('uses existing dictionaries, even in the destination', async () => {
    const trainpref = text({ 'train.de': 'b a b\n', 'train.en': 'x\n' });
    await run({ trainpref, dictOnly: true });
    const [srcdict, tgtdict] = [join(destdir, 'dict.de.txt'), join(destdir, 'dict.en.txt')];
    await run({ trainpref, srcdict, tgtdict });
    expect(ids('train.de-en.de')).toEqual([[4, 5, 4, 2]]);
  });

  it('shares an existing dictionary between the languages with --joined-dictionary', async () => {
    const trainpref = text({ 'train.de': 'a\n', 'train.en': 'b\n', 'given.txt': 'b 7\na 5\n' });
    await run({ trainpref, srcdict: join(folder, 'given.txt'), joinedDictionary: true });
    expect(readFileSync(join(destdir, 'dict.en.txt'), 'utf8')).toBe('b 7\na 5\n');
    expect(ids('train.de-en.de')).toEqual([[5, 2]]);
  });

  it('builds only dictionaries with --dict-only', async () => {
    await run({ trainpref: text({ 'train.de': 'a\n', 'train.en': 'b\n' }), dictOnly: true });
    expect(readdirSync(destdir).sort()).toEqual(['dict.de.txt', 'dict.en.txt', 'preprocess.log']);
  });

  it.each([
    [{ sourceLang: 'de', targetLang: null }, 'dict.de.txt', 'train.de-None.de.idx'],
    [{ sourceLang: 'de', targetLang: 'en' }, 'dict.de.txt', 'train.de-en.de.idx'],
    [{ sourceLang: null, targetLang: null }, 'dict.txt', 'train.idx'],
  ])('makes one side with --only-source and %j', async (languages, dictionary, index) => {
    const trainpref = text({ train: 'a\n', 'train.de': 'a\n' });
    await run({ trainpref, onlySource: true, ...languages });
    expect(readdirSync(destdir)).toEqual(expect.arrayContaining([dictionary, index]));
    expect(readdirSync(destdir)).toHaveLength(4);
  });

  it('splits lines like Python and keeps empty ones', async () => {
    await run({ trainpref: text({ 'train.de': 'a\u0085b\r\n\ra\u2028b', 'train.en': 'c\n\nc\n' }) });
    expect(ids('train.de-en.de')).toEqual([[4, 5, 2], [2], [4, 5, 2]]);
  });

  it('binarises word alignments and writes the dictionary of translations', async () => {
    const trainpref = text({
      'train.de': 'das Haus\ndas Haus\ndas\n',
      'train.en': 'the house\nthat house\nthe\n',
      'train.align': '0-0 1-1\n0-0 1-1\n0-0\n',
    });
    await run({ trainpref, alignSuffix: 'align', alignfile: join(folder, 'train.align') });
    expect(ids('train.align.de-en')).toEqual([
      [0, 0, 1, 1],
      [0, 0, 1, 1],
      [0, 0],
    ]);
    expect(readFileSync(join(destdir, 'alignment.de-en.txt'), 'utf8')).toBe('das the\nHaus house\n');
  });
});

describe('a mistake is one clear error and leaves no files', () => {
  const good = { 'train.de': 'a\n', 'train.en': 'b\n' };

  it.each<[string, Record<string, string | Buffer>, Partial<PreprocessOptions>, RegExp]>([
    ['a missing file', { 'train.de': 'a\n' }, {}, /train\.en cannot be read \(it does not exist\)/],
    [
      'unparallel text',
      { ...good, 'train.de': 'a\nb\n' },
      {},
      /train\.de has 2 lines, .*train\.en has 1; the two files/,
    ],
    ['an empty file', { ...good, 'train.en': '' }, {}, /train\.en is empty/],
    [
      'text that is not UTF-8',
      { ...good, 'train.de': Buffer.from('gut\nsch\xf6n\n', 'latin1') },
      {},
      /train\.de line 2 is not valid UTF-8/,
    ],
    ['no target language', good, { targetLang: null }, /-t\/--target-lang is not given/],
    ['no source language', good, { sourceLang: null }, /-s\/--source-lang is not given/],
    [
      'nothing to build a dictionary from',
      good,
      { trainpref: null },
      /nothing to build a dictionary from; give --trainpref/,
    ],
    [
      'two dictionaries to join',
      good,
      { joinedDictionary: true, srcdict: 'a', tgtdict: 'b' },
      /--joined-dictionary allows only one dictionary/,
    ],
    [
      'a damaged alignment',
      { ...good, 'train.align': '0:0\n' },
      { alignSuffix: 'align' },
      /train\.align line 1: "0:0" is no/,
    ],
    [
      'alignments of fewer sentences',
      { 'train.de': 'a\na\n', 'train.en': 'b\nb\n', 'train.align': '0-0\n' },
      { alignSuffix: 'align' },
      /train\.align has 1 lines, but its split has 2; write one line of word alignments per sentence pair/,
    ],
    ['no alignments at all', { ...good, 'train.align': '' }, { alignSuffix: 'align' }, /train\.align is empty/],
    ['a missing --alignfile', good, { alignfile: 'missing.align' }, /missing\.align cannot be read/],
  ])('%s', mistake);

  it.each<[string, string, RegExp]>([
    ['too few lines', '0-0\n', /train\.align ends after 1 lines, .*train\.de continues; write one line of alignments/],
    ['too many lines', '0-0\n0-0\n0-0\n', /train\.align continues after the 2 lines of .*train\.de/],
    ['a position beyond the sentence', '0-0\n0-1\n', /train\.align line 2: 0-1 points beyond the sentence/],
  ])('--alignfile with %s', async (what, alignments, message) => {
    const files = { 'train.de': 'a\na\n', 'train.en': 'b\nb\n', 'train.align': alignments };
    await mistake(what, files, { alignfile: join(folder, 'train.align') }, message);
  });

  it.each<[string, Partial<PreprocessOptions>, RegExp]>([
    ['a dictionary that is missing', { srcdict: 'missing.txt' }, /missing\.txt cannot be read/],
    ['a dictionary without counts', { srcdict: 'FOLDER/train.de' }, /train\.de line 1: .* has no count/],
    [
      '--alignfile without a target',
      { onlySource: true, alignfile: 'x' },
      /--alignfile requires a parallel training text/,
    ],
    ['a destination that is a file', { destdir: 'FOLDER/train.de/x' }, /train\.de\/x cannot be written/],
    ['a text that is a folder', { validpref: 'FOLDER/folder' }, /folder\.de cannot be read \(it is a folder\)/],
    [
      'a missing validation set among several',
      { validpref: 'FOLDER/train,FOLDER/nowhere' },
      /nowhere\.de cannot be read/,
    ],
  ])('%s', async (what, options, message) => {
    for (const lang of ['de', 'en']) mkdirSync(join(folder, `folder.${lang}`));
    const named = Object.entries(options).map(([key, value]) =>
      typeof value === 'string' ? [key, value.replaceAll('FOLDER', folder)] : [key, value],
    );
    await mistake(what, good, Object.fromEntries(named), message);
  });

  async function mistake(
    _what: string,
    files: Record<string, string | Buffer>,
    options: Partial<PreprocessOptions>,
    message: RegExp,
  ): Promise<void> {
    const trainpref = text(files);
    await expect(run({ trainpref, ...options })).rejects.toThrow(UserError);
    await expect(run({ trainpref, ...options })).rejects.toThrow(message);
    expect(existsSync(join(folder, 'made'))).toBe(false);
  }

  it('an error in the last split removes the earlier ones, and other files stay', async () => {
    const trainpref = text({ ...good, 'other.de': 'a\n', 'other.en': 'b\nc\n' });
    await run({ trainpref, dictOnly: true, sourceLang: 'xx', onlySource: true, srcdict: text({ train: 'a 1\n' }) });
    const before = readdirSync(destdir);
    await expect(run({ trainpref, testpref: join(folder, 'other') })).rejects.toThrow(/other\.de has 1 lines/);
    expect(readdirSync(destdir)).toEqual(before);
  });

  it('an existing dictionary is not overwritten', async () => {
    const trainpref = text(good);
    await run({ trainpref });
    await expect(run({ trainpref })).rejects.toThrow(/dict\.de\.txt already exists; use it with --srcdict/);
  });
});

describe('the share of unknown words', () => {
  // Python 3.11, f'{value:.3}'
  it.each([
    [20, '20.0'],
    [0, '0.0'],
    [5, '5.0'],
    [12.3456, '12.3'],
    [12.25, '12.2'],
    [9.996, '10.0'],
    [0.1234567, '0.123'],
    [0.00012345, '0.000123'],
    [0.00001234, '1.23e-05'],
    [0.00001, '1e-05'],
    [99.94, '99.9'],
    [99.96, '1e+02'],
    [100, '1e+02'],
  ])('%f %% is printed as Python prints it, %s', (value, printed) => {
    expect(formatPercent(value)).toBe(printed);
  });
});

describe('source and target of one language', () => {
  const train = (): string => text({ 'train.en': 'a b\na\n', dict: 'a 1\n', other: 'b 1\n' });

  it.each<[string, () => Partial<PreprocessOptions>]>([
    ['joined', () => ({ joinedDictionary: true })],
    ['separate', () => ({})],
    ['with a dictionary for one side', () => ({ srcdict: join(folder, 'dict') })],
    [
      'with the same dictionary for both sides',
      () => ({ srcdict: join(folder, 'dict'), tgtdict: join(folder, 'dict') }),
    ],
  ])('have one dictionary, which counts their text once: %s', async (_, options) => {
    const trainpref = train();
    await run({ sourceLang: 'en', targetLang: 'en', trainpref, paddingFactor: 1, ...options() });
    const isGiven = options().srcdict !== undefined;
    expect(readFileSync(join(destdir, 'dict.en.txt'), 'utf8')).toBe(isGiven ? 'a 1\n' : 'a 2\nb 1\n');
    expect(ids('train.en-en.en')).toEqual(
      isGiven
        ? [
            [4, 3, 2],
            [4, 2],
          ]
        : [
            [4, 5, 2],
            [4, 2],
          ],
    );
  });

  it.each<[string, () => Partial<PreprocessOptions>]>([
    ['is joined', () => ({ joinedDictionary: true })],
    ['is given', () => ({ srcdict: join(folder, 'given-once.txt') })],
  ])('may have different thresholds where the dictionary %s', async (_, options) => {
    writeFileSync(join(folder, 'given-once.txt'), 'a 1\n');
    await run({ sourceLang: 'en', targetLang: 'en', trainpref: train(), thresholdtgt: 2, ...options() });
    expect(existsSync(join(destdir, 'dict.en.txt'))).toBe(true);
  });

  it.each<[string, () => Partial<PreprocessOptions>]>([
    ['thresholds', () => ({ thresholdsrc: 2 })],
    ['files', () => ({ srcdict: join(folder, 'dict'), tgtdict: join(folder, 'other') })],
  ])('are refused with dictionaries of different %s', async (_, options) => {
    const trainpref = train();
    await expect(run({ sourceLang: 'en', targetLang: 'en', trainpref, ...options() })).rejects.toThrow(
      /source and target are both en, and their dictionaries differ/,
    );
  });
});
