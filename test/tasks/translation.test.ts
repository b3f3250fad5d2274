import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { selectOptions } from '../../src/options/select.js';
import { openTranslationTask, type TranslationOptions, translationOptions } from '../../src/tasks/translation.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const JOINED = 'test/golden/data/joined';
const defaults = selectOptions(translationOptions, {});
const setup = (data: string, options: Partial<TranslationOptions> = {}) =>
  openTranslationTask(data, { ...defaults, ...options });

const parent = temporaryFolder();

/** A data folder with copies of golden files: `[from, to]`. */
function folderWith(...files: [from: string, to: string][]): string {
  const folder = mkdtempSync(join(parent, 'data-'));
  for (const [from, to] of files) copyFileSync(join(JOINED, from), join(folder, to));
  return folder;
}
const DICTIONARIES: [string, string][] = [
  ['dict.de.txt', 'dict.de.txt'],
  ['dict.en.txt', 'dict.en.txt'],
];
const pairFiles = (split: string, to: string): [string, string][] =>
  ['de.bin', 'de.idx', 'en.bin', 'en.idx'].map((end) => [`${split}.de-en.${end}`, `${to}.${end}`]);

describe('opening the task', () => {
  it('infers the languages from the files and detects a joined dictionary', () => {
    const task = setup(JOINED);
    expect([task.sourceLang, task.targetLang, task.joinedDictionary]).toEqual(['de', 'en', true]);
    expect(task.sourceDictionary.size).toBe(648);
    expect(task.targetDictionary).toBe(task.sourceDictionary);
  });

  it('keeps dictionaries of equal size apart', () => {
    const folder = mkdtempSync(join(parent, 'data-'));
    writeFileSync(join(folder, 'dict.de.txt'), 'a 1\n');
    writeFileSync(join(folder, 'dict.en.txt'), 'b 1\n');
    const { sourceDictionary, targetDictionary, joinedDictionary } = setup(folder, {
      sourceLang: 'de',
      targetLang: 'en',
    });
    expect([sourceDictionary.has('a'), targetDictionary.has('a'), joinedDictionary]).toEqual([true, false, false]);
  });

  it.each([
    ['zh-CN', 'en'],
    ['pt', 'pt-br'],
    ['pt-br', 'pt'],
    ['CN', 'zh-CN'],
    ['a-b', 'c-d'],
    ['en', 'en'],
    ['tok.de', 'tok.en'],
  ])('distinguishes %s from %s by the dictionaries', (source, target) => {
    const folder = folderWith(
      ['dict.de.txt', `dict.${source}.txt`],
      ['dict.de.txt', `dict.${target}.txt`],
      ...[source, target].map((lang): [string, string] => [
        'test.de-en.de.idx',
        `test.${source}-${target}.${lang}.idx`,
      ]),
    );
    const task = setup(folder);
    expect([task.sourceLang, task.targetLang]).toEqual([source, target]);
  });

  it('reads either direction', () => {
    const data = setup(JOINED, { sourceLang: 'en', targetLang: 'de' }).loadSplit('valid');
    const there = setup(JOINED).loadSplit('valid');
    expect(data.pair(3).source).toEqual(there.pair(3).target);
  });

  it('reads only sources if the target side is missing', () => {
    const folder = folderWith(...DICTIONARIES, ...pairFiles('test', 'test.de-en').slice(0, 2));
    const task = setup(folder);
    const data = task.loadSplit('test');
    expect(data.pair(0).target).toBeNull();
    expect(task.collateSource(data, Int32Array.of(0, 1)).batchSize).toBe(2);
  });

  it('joins the parts of the training set and uses one folder per epoch', () => {
    const one = folderWith(...DICTIONARIES, ...pairFiles('valid', 'train.de-en'), ...pairFiles('test', 'train1.de-en'));
    const two = folderWith(...pairFiles('test', 'train.de-en'));
    const task = setup(`${one}:${two}`);
    expect([1, 2, 3].map((epoch) => task.loadSplit('train', epoch).length)).toEqual([94, 60, 94]);
  });

  it('cuts long sources with --truncate-source', () => {
    const data = setup(JOINED, { truncateSource: true, maxSourcePositions: 10 }).loadSplit('valid');
    expect(Math.max(...data.sizes.source)).toBe(10);
    expect(data.pair(0).source.at(-1)).toBe(2);
  });

  it.each<[string, () => string, Partial<TranslationOptions>, RegExp]>([
    ['an empty folder', () => folderWith(), {}, /has no binarised data/],
    ['no such folder', () => '/nonexistent', {}, /the data folder \/nonexistent cannot be read/],
    ['no folder', () => '', {}, /no data folder is given/],
    ['no dictionary', () => folderWith(...pairFiles('test', 'test.de-en')), {}, /dict\.de\.txt cannot be read/],
    [
      'data of sources alone',
      () => folderWith(['dict.de.txt', 'dict.de.txt'], ['test.de-en.de.idx', 'test.idx']),
      {},
      /the languages of \S+ cannot be inferred from its file names \(test\.idx\); set them with -s and -t/,
    ],
    [
      'several language pairs',
      () => folderWith(...pairFiles('test', 'test.de-en'), ...pairFiles('test', 'test.fr-en')),
      {},
      /has data of several language pairs: de-en, fr-en; choose with -s and -t/,
    ],
  ])('%s is a clear error', (_what, folder, options, message) => {
    const data = folder();
    expect(() => setup(data, options)).toThrow(UserError);
    expect(() => setup(data, options)).toThrow(message);
  });

  it('names a missing split', () => {
    expect(() => setup(JOINED).loadSplit('dev')).toThrow(/has no split 'dev' \(dev\.de-en\.de\.idx and \.bin\)/);
  });

  it('refuses sides of different lengths', () => {
    const folder = folderWith(...DICTIONARIES, ...pairFiles('test', 'test.de-en').slice(0, 2));
    for (const extension of ['bin', 'idx']) {
      copyFileSync(join(JOINED, `valid.de-en.en.${extension}`), join(folder, `test.de-en.en.${extension}`));
    }
    expect(() => setup(folder).loadSplit('test')).toThrow(/has 60 sentences in de and 34 in en/);
  });

  it('ignores files that are not data', () => {
    const folder = folderWith(...DICTIONARIES, ...pairFiles('test', 'test.de-en'));
    writeFileSync(join(folder, 'notes.x-y.txt'), '');
    mkdirSync(join(folder, 'old.a-b.c'));
    expect(setup(folder).sourceLang).toBe('de');
  });
});

interface Order {
  args: string;
  ids: number[];
}
const orders = JSON.parse(readFileSync('test/golden/data/generate-order.json', 'utf8')) as Record<string, Order>;

describe("the batches of fairseq's generate", () => {
  it.each(Object.entries(orders))('%s', (_name, { args, ids }) => {
    const argument = (flag: string): string | undefined => new RegExp(`${flag} (\\S+)`).exec(args)?.[1];
    const task = setup(JOINED);
    const data = task.loadSplit(argument('--gen-subset') ?? 'test');
    const { batches } = task.makeBatches(data, {
      seed: 1,
      maxTokens: Number(argument('--max-tokens') ?? 0),
      maxSentences: Number(argument('--batch-size') ?? 0),
    });
    let done = 0;
    for (const batch of batches) {
      const theirs = ids.slice(done, done + batch.length);
      const ours = [...task.collate(data, batch).ids];
      // PyTorch's sort is stable up to 16 elements; beyond that equal lengths have no order.
      if (batch.length <= 16) expect(ours).toEqual(theirs);
      const lengthThenId = (id: number): number => 1000 * data.sizes.source[id]! - id;
      const descending = (a: number, b: number): number => lengthThenId(b) - lengthThenId(a);
      expect(ours.toSorted(descending)).toEqual(theirs.toSorted(descending));
      expect(ours.map((id) => data.sizes.source[id])).toEqual(theirs.map((id) => data.sizes.source[id]));
      done += batch.length;
    }
    expect(done).toBe(ids.length);
  });
});
