import { appendFileSync, cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadCheckpoint } from '../../src/checkpoint/checkpoint.js';
import type { CheckpointMetadata } from '../../src/checkpoint/metadata.js';
import { expectFairseqAverage } from '../helpers/fairseq-average.js';
import { saveAsFairseq } from '../helpers/fairseq-file.js';
import { goldenData, goldenModelValues, goldenWeights, REFERENCE_OPTIONS } from '../helpers/reference-model.js';
import { runMain } from '../helpers/run-main.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();
const file = (name: string): string => join(folder, name);
/** The data, but for a word more in the German dictionary. */
const otherData = file('other-data');

const metadata: CheckpointMetadata = {
  version: 'test',
  task: 'translation',
  arch: 'transformer',
  options: { ...REFERENCE_OPTIONS, criterion: 'cross_entropy', optimizer: 'adam', lr: [0.001], seed: 3 },
  languages: { source: 'de', target: 'en' },
  dictionaries: {},
  training: null,
  machine: null,
};
type Weights = Parameters<typeof goldenWeights>[0];

/** A checkpoint of fairseq's with the weights of a golden one. */
function savePt(name: Weights, path = file(`${name}.pt`)): string {
  return saveAsFairseq(path, { metadata, weights: goldenWeights(name), optimizer: null });
}

beforeAll(() => {
  cpSync(goldenData, otherData, { recursive: true });
  appendFileSync(join(otherData, 'dict.de.txt'), 'another 1\n');
  for (const name of ['initial', 'update20', 'trained'] as const) savePt(name);
});

/** Runs `generate` on the test split. @returns the best translations by sentence */
async function translate(...argv: string[]): Promise<Record<string, string>> {
  const results = file('results');
  const { code } = await runMain('generate', goldenData, ...argv, '--results-path', results);
  expect(code).toBe(0);
  const lines = readFileSync(join(results, 'generate-test.txt'), 'utf8').split('\n');
  const hypotheses = lines.filter((line) => line.startsWith('H-')).map((line) => line.slice(2).split('\t'));
  return Object.fromEntries(hypotheses.map(([id, , text]) => [id!, text!]));
}

type Golden = Record<string, { hypotheses: Record<string, [number, string, number[]][]> }>;
const golden = JSON.parse(readFileSync(new URL('../golden/generate/generate.json', import.meta.url), 'utf8')) as Golden;

const goldenTexts = (run: string): Record<string, string> =>
  Object.fromEntries(Object.entries(golden[run]!.hypotheses).map(([id, [best]]) => [id, best![1]]));

describe("a checkpoint of fairseq's on the command line", () => {
  it('is what generate translates with, as fairseq does', async () => {
    const texts = await translate('--path', file('trained.pt'), '--batch-size', '16', '--remove-bpe');
    expect(texts).toEqual(goldenTexts('beam5'));
  });

  it('makes an ensemble with one of ours', async () => {
    expect((await runMain('convert', file('update20.pt'), file('update20'))).code).toBe(0);
    const path = `${file('trained.pt')}:${file('update20')}`;
    expect(await translate('--path', path, '--batch-size', '60')).toEqual(goldenTexts('ensemble'));
  });

  it('is what validate measures, with the criterion that it was trained with', async () => {
    const arguments_ = ['--path', file('trained.pt'), '--max-tokens', '100000'];
    const { stdout } = await runMain('validate', goldenData, ...arguments_);
    const { nll_sum_nats: nll, ntokens } = goldenModelValues<{
      criterions: Record<string, { nll_sum_nats: number; ntokens: number }>;
    }>('criterions').criterions.cross_entropy!;
    expect(stdout).toContain(`loss ${(nll / ntokens / Math.LN2).toFixed(3)} |`);
  });

  it('is averaged with others, by their numbers in a folder', async () => {
    const epochs = file('epochs');
    mkdirSync(epochs);
    for (const [index, name] of (['initial', 'update20', 'trained'] as const).entries()) {
      savePt(name, join(epochs, `checkpoint${index + 1}.pt`));
    }
    const averaged = file('averaged.pt');
    const { code, stderr } = await runMain(
      ...['average-checkpoints', '--inputs', epochs, '--num-epoch-checkpoints', '2', '--output', averaged],
    );
    expect(code).toBe(0);
    expect(stderr).toContain(`averaged ${join(epochs, 'checkpoint3.pt')}, ${join(epochs, 'checkpoint2.pt')} into`);
    const name = 'encoder.layers.0.fc1.bias';
    const [a, b] = [goldenWeights('trained'), goldenWeights('update20')].map(
      (weights) => weights.get(name)!.data as Float32Array,
    );
    const mean = Float32Array.from(a!, (value, index) => (value + b![index]!) / 2);
    const checkpoint = loadCheckpoint(averaged, { optimizer: true });
    expect(checkpoint.weights.get(name)!.data).toEqual(mean);
    expect(checkpoint.metadata).toMatchObject({ training: null, arch: 'transformer', averageOf: { length: 2 } });
  });

  it.each(['mean', 'mean.pt'])('is averaged with others to the numbers of fairseq, into %s', async (name) => {
    const inputs = ['initial', 'update20', 'trained'].map((input) => file(`${input}.pt`));
    const output = file(name);
    expect(await runMain('average-checkpoints', '--inputs', ...inputs, '--output', output)).toMatchObject({ code: 0 });
    expectFairseqAverage(loadCheckpoint(output, { optimizer: false }).weights);
  });

  it.each([
    [
      'data with other dictionaries',
      () => ['generate', otherData, '--path', file('trained.pt')],
      /dict\.de\.txt has \d+ symbols, .*trained\.pt was trained with 648; use the data/,
    ],
    [
      'other languages',
      () => ['generate', goldenData, '-s', 'en', '-t', 'de', '--path', file('trained.pt')],
      /trained\.pt translates de-en, not en-de; use the data/,
    ],
    [
      'a name that nearly is one',
      () => ['generate', goldenData, '--path', file('traind.pt')],
      /the checkpoint .*traind\.pt does not exist; did you mean 'trained\.pt'/,
    ],
    [
      'training on without its state',
      () => [
        'train',
        goldenData,
        '--restore-file',
        file('trained.pt'),
        '--max-tokens',
        '100',
        '--save-dir',
        file('run'),
      ],
      /was trained with --encoder-embed-dim 64, not 512/,
    ],
    ['nothing to convert', () => ['convert', file('none.pt'), file('x')], /the checkpoint .*none\.pt does not exist/],
    ['nowhere to convert to', () => ['convert', file('trained.pt')], /missing required argument 'out'/],
  ])('is refused in one line and exit code 2: %s', async (_, argv, message) => {
    const { code, stderr } = await runMain(...argv());
    expect(code).toBe(2);
    expect(stderr.trim().split('\n').at(-1)).toMatch(message);
  });
});

describe('a checkpoint of another task or architecture of fairseq', () => {
  /** The reference checkpoint as fairseq would have written it with these. @returns its path */
  const saved = (name: string, changes: Partial<CheckpointMetadata>): string =>
    saveAsFairseq(file(`${name}.pt`), {
      metadata: { ...metadata, ...changes },
      weights: goldenWeights('trained'),
      optimizer: null,
    });
  const multilingual = { task: 'translation_multi_simple_epoch' };
  const refusedTask = /multi\S*\.pt was trained with --task translation_multi_simple_epoch, which is not supported/;

  it.each([
    ['generate', () => ['--path', saved('multi', multilingual)], refusedTask],
    ['interactive', () => ['--path', saved('multi', multilingual), '--input', '/dev/null'], refusedTask],
    ['validate', () => ['--path', saved('multi', multilingual), '--max-tokens', '999'], refusedTask],
    [
      'train',
      () => [
        ...['--restore-file', saved('multi', multilingual), '--max-tokens', '999'],
        ...[
          '--encoder-embed-dim',
          '64',
          '--encoder-ffn-embed-dim',
          '128',
          '--encoder-layers',
          '2',
          '--decoder-layers',
          '2',
        ],
        ...['--encoder-attention-heads', '4', '--decoder-attention-heads', '4', '--share-all-embeddings'],
        ...['--save-dir', join(folder, 'none')],
      ],
      refusedTask,
    ],
    [
      'generate',
      () => ['--path', saved('convolutional', { arch: 'fconv_iwslt_de_en' })],
      /was trained with fairseq's --arch fconv_iwslt_de_en, which is not supported; use a checkpoint of one of these: /,
    ],
  ])('is refused by name: %s', async (command, argv, message) => {
    const { code, stderr } = await runMain(command, goldenData, ...argv());
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('--user-dir');
    expect(code).toBe(2);
  });

  it('stays what it is when it is converted', async () => {
    const converted = join(folder, 'converted');
    expect((await runMain('convert', saved('multi', multilingual), converted)).code).toBe(0);
    const { code, stderr } = await runMain('generate', goldenData, '--path', converted);
    expect(stderr).toContain('translation_multi_simple_epoch');
    expect(code).toBe(2);
  });
});
