import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packStatistics } from '../../src/experiments/translation-result.js';
import { loadInput } from '../../src/report/load-input.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { fakeEpochs, logLines, writeFakeSweep } from './fake-sweep.js';

const root = temporaryFolder();
let copies = 0;
const sweep = join(root, 'sweep');
writeFakeSweep(sweep, {
  criterions: { ce: 0.2, el: 0.1 },
  sentences: 5,
  hasAnalyses: true,
  unfinished: {
    'ce,seed=2': { state: 'running' },
    'el,seed=2': { state: 'failed', error: 'train: the disk is full' },
  },
});

/** A folder with these files. */
function folderOf(name: string, files: Readonly<Record<string, string>>): string {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(root, name, file, '..'), { recursive: true });
    writeFileSync(join(root, name, file), text);
  }
  return join(root, name);
}

const LOG = logLines(fakeEpochs({ place: 0, system: 0, seed: 1 }, { epochs: 3 })).join('\n');
const TRANSLATIONS = 'S-0\tein mann\nT-0\ta man is here now\nH-0\t-0.5\ta man is here now\n';

describe('loadInput', () => {
  it('reads a sweep with what is there of its runs, but not half a translation', () => {
    folderOf('sweep/ce,seed=2/generate/test', { 'generate-test.txt': TRANSLATIONS });
    const { description, runs } = loadInput([sweep]);
    expect(description.title).toBe('sweep');
    expect(runs.map(({ name, state, error }) => [name, state, error])).toEqual([
      ['ce,seed=1', 'done', null],
      ['ce,seed=2', 'running', null],
      ['el,seed=1', 'done', null],
      ['el,seed=2', 'failed', 'train: the disk is full'],
    ]);
    expect(runs.map(({ training }) => training!.epochs.length)).toEqual([12, 6, 12, 6]);
    expect(runs.map(({ translations }) => translations.size)).toEqual([3, 0, 3, 0]);
    expect(runs[0]!.analysis!.split).toBe('test');
  });

  it('gives runs of one grid their axes without a sweep', () => {
    const { description, runs } = loadInput([join(sweep, 'ce,seed=1'), join(sweep, 'el,seed=1')]);
    expect(description.axes).toEqual([
      { name: 'criterion', values: ['ce', 'el'] },
      { name: 'seed', values: ['seed=1'] },
    ]);
    expect(runs).toHaveLength(2);
  });

  it("reads a folder of fairseq's: a log and translations", () => {
    const folder = folderOf('fairseq', { 'fairseq.log': LOG, 'generate/test/generate-test.txt': TRANSLATIONS });
    const [run] = loadInput([folder]).runs;
    expect(run!.training!.epochs).toHaveLength(3);
    expect(run!.translations.get('test')).toMatchObject({ split: 'test', brevityPenalty: 1, detokenized: null });
    expect(run!.translations.get('test')!.bleu).toBeCloseTo(100, 9);
    expect(run!.state).toBe('log');
  });

  it('refuses translations that were cut short', () => {
    const folder = folderOf('cut', { 'generate-test.txt': TRANSLATIONS.replaceAll('-0\t', '-1\t') });
    expect(() => loadInput([folder])).toThrow('generate-test.txt is cut short: it has 1 of 2 translations');
  });

  it.each([
    ['generate-test.txt', 'test'],
    ['generate/generate-valid.txt', 'valid'],
    ['generate/beam/generate-test.txt', 'beam'],
  ])('finds translations in %s', (file, name) => {
    const folder = folderOf(`found-${name}`, { [file]: TRANSLATIONS });
    const [run] = loadInput([folder]).runs;
    expect([...run!.translations.keys()]).toEqual([name]);
  });

  it('scores detokenized translations against detokenized references, as generate does', () => {
    const lines = 'T-0\tgo to the house now.\nH-0\t-0.5\tgo to the house now .\nD-0\t-0.5\tgo to the house now.\n';
    const [run] = loadInput([folderOf('detokenized', { 'generate-test.txt': lines })]).runs;
    expect(run!.translations.get('test')!.bleu).toBeCloseTo(100, 9);
  });

  it('takes runs of no grid as systems by their names, or by their paths if names repeat', () => {
    const a = folderOf('one/run', { 'train.log': LOG });
    const b = folderOf('two/run', { 'train.log': LOG });
    const c = folderOf('other', { 'train.log': LOG });
    expect(loadInput([a, c]).description.axes).toEqual([{ name: 'run', values: ['run', 'other'] }]);
    expect(loadInput([a, b]).description.axes).toEqual([{ name: 'run', values: [a, b] }]);
  });

  it('reads a log file alone', () => {
    const path = join(folderOf('alone', { 'x.log': LOG }), 'x.log');
    expect(loadInput([path]).runs[0]!.training!.epochs).toHaveLength(3);
  });

  const result = '{"values": {}, "options": {}, "training": {}}';
  it.each([
    ['a path that does not exist', () => join(root, 'nowhere'), 'nowhere does not exist; give the folder'],
    ['an empty folder', () => folderOf('empty', { 'notes.md': '' }), 'no results, logs or translations to report'],
    ['a log without epochs', () => folderOf('short', { 'train.log': 'nothing' }), 'no results, logs or translations'],
    ['two logs', () => folderOf('logs', { 'a.log': LOG, 'b.log': LOG }), 'has 2 logs: a.log b.log; name the one'],
    [
      'a damaged result',
      () => folderOf('damaged', { 'result.json': '{"na' }),
      'damaged/result.json is damaged (not valid JSON); delete it',
    ],
    [
      'half a result',
      () => folderOf('half', { 'result.json': result }),
      'half/result.json is damaged (name: Invalid key',
    ],
    ['a result that is null', () => folderOf('null', { 'result.json': 'null' }), 'null/result.json is damaged'],
    ['a damaged sweep', () => folderOf('bad', { 'sweep.json': '{"axes": 3}' }), 'bad/sweep.json is damaged (title: '],
    [
      'a comparison of one',
      () => folderOf('pair', { 'sweep.json': '{"axes": [], "compare": [{"axis": "a", "values": ["b"]}]}' }),
      'pair/sweep.json is damaged (title:',
    ],
    [
      'a damaged analysis',
      () => folderOf('analysis', { 'train.log': LOG, 'analysis/analysis.json': '{"rows": 3}' }),
      'analysis/analysis.json is damaged (checkpoint: ',
    ],
    [
      'a configuration that is a list',
      () => folderOf('list', { 'train.log': LOG, 'checkpoints/config.yaml': '[1]' }),
      'config.yaml is damaged',
    ],
    [
      'a damaged configuration',
      () => folderOf('config', { 'train.log': LOG, 'checkpoints/config.yaml': 'a: [' }),
      'config.yaml is damaged',
    ],
  ])('refuses %s', (_, path, message) => {
    expect(() => loadInput([path()])).toThrow(
      expect.objectContaining({ name: 'UserError', message: expect.stringContaining(message) }),
    );
  });

  it.each([
    ['cannot be unpacked', '!!!!'],
    ['are those of another number of sentences', packStatistics([[1, 1, 1, 0, 0, 0]])],
    ['are cut', packStatistics([[1, 1, 1]])],
  ])('refuses statistics that %s', (_, statistics) => {
    const other = join(root, `statistics${++copies}`);
    writeFakeSweep(other, { criterions: { ce: 0.2 }, seeds: 1, sentences: 2 });
    const path = join(other, 'ce,seed=1/result.json');
    const { translations, ...rest } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Record<string, object>>;
    const damaged = Object.fromEntries(
      Object.entries(translations!).map(([name, scores]) => [name, { ...scores, statistics }]),
    );
    writeFileSync(path, JSON.stringify({ ...rest, translations: damaged }));
    expect(() => loadInput([other])).toThrow(/test,beam=5: the statistics are damaged/);
  });

  it('refuses a run that is given twice, also under another name', () => {
    const run = join(sweep, 'ce,seed=1');
    expect(() => loadInput([run, join(sweep, 'el,seed=1'), run])).toThrow(`${run} is given twice; name each run once`);
    const other = `${run}/../../sweep/ce,seed=1/`;
    expect(() => loadInput([run, other])).toThrow(`${other} is the same as ${run}; name each run once`);
  });

  it('refuses a sweep among other paths', () => {
    expect(() => loadInput([sweep, join(sweep, 'ce,seed=1')])).toThrow(/is a sweep, but 2 paths are given/);
  });
});
