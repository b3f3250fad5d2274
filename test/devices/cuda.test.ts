import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import type { CudaBackend } from 'tfjs-backend-cuda';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildEmulation } from '../../packages/tfjs-backend-cuda/test/helpers/emulated.js';
import { openQuietly } from '../../src/devices/index.js';
import { runMain } from '../helpers/run-main.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { bytesOf, compareCheckpoints } from '../training/observe.js';
import { GOLDEN_DATA } from '../training/toy-trainer.js';
import { ADAM, EL, numbersOf, TRAIN, type TrainingRun, train } from './training-run.js';

const folder = temporaryFolder();

const trainIn = (name: string, options: string): Promise<TrainingRun> => train(join(folder, name), options);

/** The largest difference between the last checkpoints of two runs. */
const largestDifference = (a: string, b: string): number =>
  compareCheckpoints(join(folder, a, 'checkpoint_last'), join(folder, b, 'checkpoint_last')).difference;

/** Heads of 136 columns; the kernels of attention compute up to 128. */
const LARGE_HEADS =
  '--encoder-embed-dim 136 --decoder-embed-dim 136 --encoder-attention-heads 1 --decoder-attention-heads 1 --decoder-layers 1';

/** Bytes of the emulated GPU in use. */
const bytesInUse = (): number => (tf.findBackend('cuda') as unknown as CudaBackend).poolBytes.inUse;

beforeAll(() => buildEmulation());
beforeEach(() => void vi.stubEnv('TFJS_CUDA_DRIVER', 'emulated'));
afterEach(() => void vi.unstubAllEnvs());

describe('--device cuda on the emulated driver', () => {
  it.each([
    ['the encouraging loss with label smoothing', `${EL} ${ADAM} --max-update 6`],
    ['several micro-batches per update', `${EL} ${ADAM} --max-update 3 --update-freq 2`],
    ['a criterion in plain operations', `--criterion halted_focal ${ADAM} --max-update 3`],
    ['an optimizer that runs on the host', `${EL} --optimizer nag --lr 0.1 --max-update 3`],
    ['a moving average', `${EL} ${ADAM} --max-update 3 --store-ema --ema-decay 0.5`],
    ['heads too large for the kernels', `${EL} ${ADAM} ${LARGE_HEADS} --max-update 2`],
    ['a moving average and an optimizer that runs on the host', `${EL} --optimizer nag --max-update 3 --store-ema`],
  ])('trains with %s as on cpu', async (name, options) => {
    const [cpu, cuda] = [
      await trainIn(`cpu ${name}`, options),
      await trainIn(`cuda ${name}`, `${options} --device cuda`),
    ];
    expect(cuda.log).toContain('device cuda, GPU emulated on the processor, architecture sm_90');
    expect(numbersOf(cuda).length).toBeGreaterThan(0);
    for (const [index, value] of numbersOf(cuda).entries()) {
      expect(Math.abs(value - numbersOf(cpu)[index]!)).toBeLessThan(0.0015); // of the third decimal
    }
    expect(largestDifference(`cpu ${name}`, `cuda ${name}`)).toBeLessThan(1e-4);
  });

  it('ends bit for bit like a run that was not interrupted, and leaves no memory in use', async () => {
    const options = `${EL} ${ADAM} --device cuda`;
    await trainIn('whole', `${options} --max-update 5`);
    await trainIn('interrupted', `${options} --max-update 2`);
    await trainIn('interrupted', `${options} --max-update 5`);
    const [whole, interrupted] = ['whole', 'interrupted'].map((name) => bytesOf(join(folder, name), 'checkpoint_last'));
    expect(interrupted!.equals(whole!)).toBe(true);
    expect(bytesInUse()).toBe(0);
  });

  it('trains on the second GPU with the same bits, and leaves the first one alone', async () => {
    await trainIn('first', `${EL} ${ADAM} --device cuda --max-update 2`);
    vi.stubEnv('EMULATED_CUDA_DEVICES', '2');
    const launches = (name: string): number => (tf.findBackend(name) as unknown as CudaBackend).statistics.launches;
    const before = launches('cuda');
    const { log } = await trainIn('second', `${EL} ${ADAM} --device cuda:1 --max-update 2`);
    expect(log).toContain('device cuda:1, GPU emulated on the processor');
    expect(launches('cuda')).toBe(before);
    expect(launches('cuda:1')).toBeGreaterThan(0);
    expect(largestDifference('first', 'second')).toBe(0);
  });

  it.each([
    [0, 'cuda'],
    [1, 'cuda:1'],
    [2, 'cuda'],
    [3, 'cuda:1'],
  ])('process %i of a machine with two GPUs computes on %s', async (localRank, name) => {
    vi.stubEnv('EMULATED_CUDA_DEVICES', '2');
    const { description } = await openQuietly('cuda', { threads: null, localRank });
    expect(description.device).toBe(name);
  });

  it('computes large products with cuBLASLt if it is asked for, as cpu does, and records that', async () => {
    vi.stubEnv('EMULATED_CUDA_DEVICES', '3'); // a GPU that this process has not opened yet
    vi.stubEnv('TFJS_CUDA_CUBLASLT', 'on');
    const large = '--encoder-embed-dim 64 --decoder-embed-dim 64 --encoder-ffn-embed-dim 64 --decoder-ffn-embed-dim 64';
    const options = `${EL} ${ADAM} --max-update 2 --max-tokens 160 ${large}`;
    const run = await trainIn('with cuBLASLt', `${options} --device cuda:2`);
    expect(run.log).toContain('products float32 (cuBLASLt 12.9.1)');
    const expected = numbersOf(await trainIn('without cuBLASLt', options));
    for (const [index, value] of numbersOf(run).entries()) {
      expect(Math.abs(value - expected[index]!)).toBeLessThan(0.0015); // of the third decimal
    }
    expect(bytesOf(join(folder, 'with cuBLASLt'), 'checkpoint_last').toString('latin1')).toContain(
      'products\\":\\"float32 (cuBLASLt 12.9.1)',
    );
  });

  it('translates as cpu does', async () => {
    await trainIn('model', `${EL} ${ADAM} --max-update 40`);
    let log = '';
    const translate = async (device: string): Promise<string[]> => {
      const results = join(folder, `translated on ${device}`);
      const path = ['--path', join(folder, 'model', 'checkpoint_last'), '--results-path', results];
      const options =
        '-s de -t en --gen-subset valid --max-len-b 8 --beam 3 --max-tokens 400 --threads 1 --profile'.split(' ');
      const { code, stderr } = await runMain('generate', GOLDEN_DATA, ...path, ...options, '--device', device);
      expect(code, stderr).toBe(0);
      log = stderr;
      const lines = readFileSync(join(results, 'generate-valid.txt'), 'utf8').split('\n');
      return lines.filter((line) => line.startsWith('H-')).map((line) => line.replace(/\t-?[\d.]+\t/, '\t'));
    };
    const onCuda = await translate('cuda');
    expect(onCuda.length).toBeGreaterThan(10);
    expect(log).toMatch(/peak resident memory [\d.]+ GiB, peak device memory [\d.]+ GiB/);
    expect(log).toMatch(/^gemm_float32_nt_large +\d+ +[\d.]+ +[\d.]+ +[\d.]+ %$/m);
    expect(log).toMatch(/^the program .+\npool: \d+ MiB in use at most, \d+ MiB reserved$/m);
    expect(onCuda).toEqual(await translate('cpu'));
    expect(bytesInUse()).toBe(0);
  });

  it('names a smaller --max-tokens if the memory of the GPU does not suffice', async () => {
    const script = fileURLToPath(new URL('../helpers/ts-fairseq.ts', import.meta.url));
    const argv = ['train', GOLDEN_DATA, ...TRAIN.split(' '), '--encoder-embed-dim', '64', '--decoder-embed-dim', '64'];
    const limits = ['--max-tokens', '2000', '--device', 'cuda', '--no-save'];
    const { status, stderr } = spawnSync(process.execPath, ['--import', 'jiti/register', script, ...argv, ...limits], {
      encoding: 'utf8',
      env: { ...process.env, EMULATED_CUDA_MEMORY: String(20e6) },
    });
    expect(status).toBe(2);
    expect(stderr.trim().split('\n').at(-1)).toMatch(
      /^ts-fairseq: out of GPU memory: .+ free; lower --max-tokens, e\.g\. to 1000; --update-freq 2 keeps the size of an update$/,
    );
  });

  it.each([
    [
      'cuda:3',
      { EMULATED_CUDA_DEVICES: '4', TFJS_CUDA_CUBLASLT: '/nowhere/libcublasLt.so.12' },
      'TFJS_CUDA_CUBLASLT=/nowhere/libcublasLt.so.12: cuBLASLt cannot be used (',
    ],
    ['cuda:1', {}, 'there is no GPU 1: the driver finds one; it is number 0, or use --device cpu'],
    ['cuda', { TFJS_CUDA_DRIVER: '/nowhere/libcuda.so.1' }, 'the NVIDIA driver is missing (/nowhere/libcuda.so.1)'],
  ])('%s with %j says what is missing', async (device, environment, problem) => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    const { code, stderr } = await runMain('train', GOLDEN_DATA, ...TRAIN.split(' '), '--device', device, '--no-save');
    expect(code).toBe(2);
    expect(stderr).toContain(`ts-fairseq: --device ${device}: ${problem}`);
    expect(stderr).not.toContain('    at ');
  });
});
