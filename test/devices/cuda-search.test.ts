import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import type { CudaBackend } from 'tfjs-backend-cuda';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildEmulation } from '../../packages/tfjs-backend-cuda/test/helpers/emulated.js';
import { builtInComponents } from '../../src/components.js';
import { openDevice } from '../../src/devices/index.js';
import { loadModels } from '../../src/inference/load-models.js';
import { EVALUATION } from '../../src/plugins/model.js';
import { saveReferenceCheckpoint } from '../helpers/reference-checkpoint.js';
import { goldenData, referenceTask, sourceTable, wholeSplit } from '../helpers/reference-model.js';
import { runMain } from '../helpers/run-main.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();
const at = (...names: string[]): string => names.map((name) => join(folder, name)).join(':');

const cudaBackend = (): CudaBackend => tf.findBackend('cuda') as unknown as CudaBackend;

beforeAll(() => {
  buildEmulation();
  for (const name of ['trained', 'update20'] as const) saveReferenceCheckpoint(at(name), name);
  saveReferenceCheckpoint(at('gelu'), 'trained', { options: { activationFn: 'gelu' } });
});
beforeEach(() => void vi.stubEnv('TFJS_CUDA_DRIVER', 'emulated'));
afterEach(() => void vi.unstubAllEnvs());

interface Hypothesis {
  readonly id: string;
  readonly score: number;
  readonly text: string;
}

/** Translates a split by the command line. @returns its hypotheses, in the order of the output */
async function generate(device: string, data: string, path: string, options: readonly string[]): Promise<Hypothesis[]> {
  const results = join(folder, `on ${device}`);
  const argv = ['--path', path, '--results-path', results, '--device', device, '--threads', '1', ...options];
  const { code, stderr } = await runMain('generate', data, ...argv);
  expect(code, stderr).toBe(0);
  return readFileSync(join(results, 'generate-test.txt'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('H-'))
    .map((line) => line.split('\t') as [string, string, string])
    .map(([id, score, text]) => ({ id, score: Number(score), text }));
}

function expectEqual(actual: readonly Hypothesis[], expected: readonly Hypothesis[], tolerance = 1e-4): void {
  expect(expected.length).toBeGreaterThan(0);
  expect(actual.map(({ id, text }) => [id, text])).toEqual(expected.map(({ id, text }) => [id, text]));
  for (const [index, { id, score }] of actual.entries()) {
    expect(Math.abs(score - expected[index]!.score), `score of ${id}`).toBeLessThan(tolerance);
  }
}

/** A few sentences of up to 6 tokens, in two batches: the emulated GPU is slow. */
const FEW = '--num-shards 8 --batch-size 4 --max-len-a 0 --max-len-b 6'.split(' ');

describe('the search of --device cuda on the emulated driver', () => {
  it.each([
    ['a beam of 1', 'trained', '--beam 1'],
    ['a beam of 5', 'trained', '--beam 5 --nbest 3'],
    ['one sentence at a time', 'trained', '--beam 3 --num-shards 16 --batch-size 1'],
    ['an ensemble', 'trained:update20', '--beam 4'],
    ['prefixes', 'trained', '--beam 3 --prefix-size 2'],
    ['a temperature and a penalty of <unk>', 'trained', '--beam 3 --temperature 0.8 --unkpen 2 --min-len 3'],
    ['n-gram blocking', 'trained', '--beam 3 --no-repeat-ngram-size 2'],
    ['diverse beams', 'trained', '--beam 4 --diverse-beam-groups 2'],
    ['sampling', 'trained', '--beam 2 --nbest 2 --sampling --sampling-topk 5 --seed 3'],
    ['attention weights, which operations compute', 'trained', '--beam 2 --print-alignment'],
    ['a model with GELU, which operations compute', 'gelu', '--beam 2'],
  ])('finds the hypotheses of cpu with %s', async (_, names, options) => {
    const path = at(...names.split(':'));
    const all = [...options.split(' '), ...FEW];
    const onCuda = await generate('cuda', goldenData, path, all);
    expect(cudaBackend().poolBytes.inUse).toBe(0);
    expectEqual(onCuda, await generate('cpu', goldenData, path, all));
  });

  it('finds the hypotheses of cpu with heads too large for the kernels, which operations compute', async () => {
    const sizes = ['encoder', 'decoder'].flatMap((part) => [
      ...[`--${part}-embed-dim`, '136', `--${part}-ffn-embed-dim`, '24', `--${part}-layers`, '1'],
      ...[`--${part}-attention-heads`, '1'],
    ]);
    const limits = '--max-update 4 --max-tokens 400 --lr 0.01 --optimizer adam --threads 1 --disable-validation';
    const argv = ['--arch', 'transformer', ...sizes, '--share-all-embeddings', ...limits.split(' ')];
    const { code, stderr } = await runMain('train', goldenData, ...argv, '--save-dir', at('large'));
    expect(code, stderr).toBe(0);
    const path = join(at('large'), 'checkpoint_last');
    const onCuda = await generate('cuda', goldenData, path, ['--beam', '2', ...FEW]);
    expectEqual(onCuda, await generate('cpu', goldenData, path, ['--beam', '2', ...FEW]));
  });

  it('finds nearly the scores of cpu in bfloat16', async () => {
    const all = ['--beam', '3', ...FEW, '--bf16'];
    const [onCuda, onCpu] = [
      await generate('cuda', goldenData, at('trained'), all),
      await generate('cpu', goldenData, at('trained'), all.slice(0, -1)),
    ];
    const equal = [...onCuda.keys()].filter((index) => onCuda[index]!.text === onCpu[index]!.text);
    expect(equal.length / onCpu.length).toBeGreaterThan(0.5);
    const differences = equal.map((index) => Math.abs(onCuda[index]!.score - onCpu[index]!.score));
    expect(Math.max(...differences)).toBeLessThan(0.1);
    expect(Math.max(...differences)).toBeGreaterThan(1e-5); // it does compute in bfloat16
  });

  it('reads the weights that it has packed again for operations that need them', async () => {
    const task = referenceTask();
    const source = sourceTable(wholeSplit(task, 'valid'));
    const features = async (device: string, searches: boolean): Promise<Float32Array> => {
      const opened = await openDevice(device, { threads: 1 });
      const [model] = await loadModels([at('trained')], task, builtInComponents().architectures, opened);
      if (searches) model!.startFusedDecoding!(source, 2)!.dispose();
      const encoded = tf.tidy(() => model!.encode(source, EVALUATION).features);
      const values = encoded.dataSync() as Float32Array;
      encoded.dispose();
      model!.dispose();
      return values;
    };
    const searched = await features('cuda', true);
    expect(searched).toEqual(await features('cuda', false));
    const onCpu = await features('cpu', false);
    expect(Math.max(...searched.map((value, index) => Math.abs(value - onCpu[index]!)))).toBeLessThan(1e-4);
    expect(cudaBackend().poolBytes.inUse).toBe(0);
  });

  it('scores the translations of a model that the GPU trains', async () => {
    const argv =
      '-s de -t en --arch transformer --encoder-embed-dim 16 --decoder-embed-dim 16 --encoder-ffn-embed-dim 24 ' +
      '--decoder-ffn-embed-dim 24 --encoder-layers 1 --decoder-layers 1 --encoder-attention-heads 2 ' +
      '--decoder-attention-heads 2 --share-all-embeddings --lr 0.01 --optimizer adam --adam-eps 0.001 --max-tokens 400 ' +
      '--criterion cross_entropy --max-update 6 --validate-interval-updates 3 --max-epoch 1 --eval-bleu ' +
      '--best-checkpoint-metric bleu --no-save --log-format json --threads 1';
    const validated = async (device: string): Promise<string[]> => {
      const bleuArguments = ['--eval-bleu-args', '{"beam": 2, "max_len_a": 0, "max_len_b": 5}'];
      const { code, stderr } = await runMain(
        ...['train', goldenData, ...argv.split(' '), ...bleuArguments, '--device', device],
      );
      expect(code, stderr).toBe(0);
      return [...stderr.matchAll(/"valid_(?:loss|bleu)": "[^"]*"/g)].map(([figure]) => figure);
    };
    const onCuda = await validated('cuda');
    expect(onCuda.length).toBeGreaterThanOrEqual(4);
    expect(onCuda).toEqual(await validated('cpu'));
    expect(cudaBackend().poolBytes.inUse).toBe(0);
  });
});

const quickstart = fileURLToPath(new URL('../../checkpoints/quickstart', import.meta.url));
const embedded = fileURLToPath(new URL('../../data-bin/embedded.de-en', import.meta.url));
const isTrained = existsSync(join(quickstart, 'checkpoint_best.safetensors'));

describe.runIf(isTrained)("quickstart's model on the emulated GPU", { timeout: 600_000 }, () => {
  it.each([
    ['a beam of 1', ['checkpoint_best'], '--beam 1'],
    ['a beam of 5', ['checkpoint_best'], '--beam 5'],
    ['an ensemble of two', ['checkpoint99', 'checkpoint100'], '--beam 3 --max-len-a 0 --max-len-b 12'],
  ])('translates as on cpu with %s', async (_, names, options) => {
    const path = names.map((name) => join(quickstart, name)).join(':');
    const all = [...options.split(' '), '--batch-size', '12', '--num-shards', '12']; // one batch
    expectEqual(await generate('cuda', embedded, path, all), await generate('cpu', embedded, path, all));
    expect(cudaBackend().poolBytes.inUse).toBe(0);
  });
});
