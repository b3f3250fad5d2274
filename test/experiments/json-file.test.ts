import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readResult } from '../../src/experiments/run-result.js';
import { readState } from '../../src/experiments/run-state.js';
import { loadInput } from '../../src/report/load-input.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { writeFakeSweep } from '../report/fake-sweep.js';

const root = temporaryFolder();
const sweep = join(root, 'sweep');
writeFakeSweep(sweep, { criterions: { ce: 0.2 }, seeds: 1, sentences: 2, hasAnalyses: true });
const run = join(sweep, 'ce,seed=1');
let copies = 0;

/** A folder with a file of a run or sweep in which one value is replaced. `path` leads to it, e.g. `training.epochs.0`. */
function replaced(file: string, path: string, value: unknown): string {
  const json = JSON.parse(readFileSync(join(file === 'sweep.json' ? sweep : run, file), 'utf8')) as object;
  const keys = path.split('.');
  let parent = json as Record<string, unknown>;
  for (const key of keys.slice(0, -1)) parent = parent[key] as Record<string, unknown>;
  parent[keys.at(-1)!] = value;
  const folder = join(root, `copy${++copies}`);
  mkdirSync(join(folder, file, '..'), { recursive: true });
  writeFileSync(join(folder, file), JSON.stringify(json));
  return folder;
}

const refusal = (file: string, place: string, remedy: string) =>
  expect.objectContaining({
    name: 'UserError',
    message: expect.stringMatching(new RegExp(`/${file} is damaged \\(${place}[^:]*: .*\\); ${remedy}`)) as unknown,
  }) as Error;

describe('a JSON file of the wrong shape is refused in one line that says where', () => {
  it.each([
    ['state', 'asleep'],
    ['state', null],
    ['training', 3],
    ['training', 'lr 0.1'],
    ['training', '["bin"]'],
    ['finished', []],
    ['finished', { train: 3 }],
    ['finished', { train: { signature: 's', seconds: '3' } }],
    ['error', { text: 'x' }],
    ['trainedBy', [{ version: '0.1.0' }]],
  ])('state.json with %s %j', (path, value) => {
    expect(() => readState(replaced('state.json', path, value))).toThrow(
      refusal('state.json', path, "delete it: the run's commands then continue"),
    );
  });

  it.each([
    ['values', ['ce']],
    ['data', 3],
    ['options.train', null],
    ['options.train', { lr: { a: 1 } }],
    ['options.generate', { test: 5 }],
    ['provenance.version', 3],
    ['resumedBy', { version: '0.1.0' }],
    ['seconds', { train: 'long' }],
    ['training.epochs', {}],
    ['training.epochs.0', 3],
    ['training.epochs.1.train', { loss: 'low' }],
    ['training.epochs.1.valid', { valid: 2 }],
    ['training.epochs.1.epoch', 0.5],
    ['translations', { test: null }],
    ['translations', { test: { bleu: 'high' } }],
    ['detokenize', 'moses'],
  ])('result.json with %s %j', (path, value) => {
    const folder = replaced('result.json', path, value);
    expect(() => readResult(folder)).toThrow(refusal('result.json', path, 'delete it and repeat the sweep'));
  });

  it.each([
    ['energies', { onData: -1 }],
    ['energies.centered', null],
    ['margins', {}],
    ['margins.quartiles', [1]],
    ['margins.histogram.counts', [1, 'two']],
    ['calibration.bins.width10', [3]],
    ['criterions', []],
    ['criterions.0', { label: 'CE' }],
    ['criterions.0.share.mean', [1, 2]],
    ['gradientBatches', 20],
    ['probe', { epochs: 3 }],
  ])('analysis.json with %s %j', (path, value) => {
    const folder = replaced('analysis/analysis.json', path, value);
    expect(() => loadInput([folder])).toThrow(refusal('analysis.json', path, 'repeat ts-fairseq analyze'));
  });

  it.each([
    ['title', 3],
    ['axes', [{ name: 'seed' }]],
    ['axes.0', null],
    ['compare', [null]],
    ['compare', [{ axis: 'criterion', values: ['el'] }]],
    ['tune', 'test'],
    ['tune', { validation: 'valid' }],
    ['published', { paper: 3 }],
    ['published', [{ source: 'paper', scores: [{ values: {} }] }]],
  ])('sweep.json with %s %j', (path, value) => {
    expect(() => loadInput([replaced('sweep.json', path, value)])).toThrow(
      refusal('sweep.json', path, 'repeat the sweep, which writes it again'),
    );
  });

  it.each(['null', '[]', '3', '"text"', '{}'])('all of them with nothing but %s', (text) => {
    const folder = join(root, `whole${++copies}`);
    mkdirSync(folder);
    for (const file of ['state.json', 'result.json', 'sweep.json']) writeFileSync(join(folder, file), text);
    expect(() => readState(folder)).toThrow(/state.json is damaged \(.*\); delete it/);
    expect(() => readResult(folder)).toThrow(/result.json is damaged \(.*\); delete it/);
    expect(() => loadInput([folder])).toThrow(/sweep.json is damaged \(.*\); repeat the sweep/);
  });

  it('a long value is cut, and a file that is no JSON is said to be none', () => {
    const folder = replaced('result.json', 'seconds', 'x'.repeat(10_000));
    expect(() => readResult(folder)).toThrow(/damaged \(seconds: .{20,150}…\); delete it/);
    writeFileSync(join(folder, 'result.json'), '{"values"');
    expect(() => readResult(folder)).toThrow('result.json is damaged (not valid JSON); delete it');
  });
});
