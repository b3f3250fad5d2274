import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { CudaBackend } from 'tfjs-backend-cuda';
import { supportsBfloat16 } from 'tfjs-backend-onednn';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildEmulation } from '../../packages/tfjs-backend-cuda/test/helpers/emulated.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { bytesOf } from '../training/observe.js';
import { ADAM, EL, numbersOf, type TrainingRun, train } from './training-run.js';

const folder = temporaryFolder();

const PRE_NORM = '--encoder-normalize-before --decoder-normalize-before --layernorm-embedding';

const trainIn = (name: string, options: string): Promise<TrainingRun> =>
  train(join(folder, name), `${EL} ${ADAM} ${options}`);

const backend = (): CudaBackend => tf.findBackend('cuda') as unknown as CudaBackend;

beforeAll(() => buildEmulation());
beforeEach(() => void vi.stubEnv('TFJS_CUDA_DRIVER', 'emulated'));
afterEach(() => void vi.unstubAllEnvs());

describe('--device cuda --bf16 on the emulated driver', () => {
  // This comes first: the most bytes in use are those since the process began.
  it('takes less memory than float32', async () => {
    const sizes = '--max-tokens 300 --encoder-layers 3 --encoder-ffn-embed-dim 256 --decoder-ffn-embed-dim 256';
    const most: number[] = [];
    for (const precision of ['--bf16 --no-save', '--no-save']) {
      await trainIn('memory', `${sizes} --max-update 1 --device cuda ${precision}`);
      most.push(backend().poolBytes.mostInUse);
    }
    expect(most[0]!).toBeLessThan(0.85 * most[1]!);
  });

  it.each([
    ['', 20],
    [`${PRE_NORM} --activation-dropout 0.1 --attention-dropout 0.1 --update-freq 2`, 3],
  ])('trains as cpu does, within its rounding, and copies no tensor to float32: %s', async (options, updates) => {
    const limit = `${options} --max-update ${updates}`.trim();
    const widened = backend()?.statistics.widened ?? 0;
    const cuda = numbersOf(await trainIn('cuda', `${limit} --device cuda --bf16 --no-save`));
    expect(backend().statistics.widened).toBe(widened);
    expect(cuda.length).toBe(3 * updates);
    const others = [await trainIn('cpu', `${limit} --no-save`)];
    if (supportsBfloat16()) others.push(await trainIn('cpu --bf16', `${limit} --bf16 --no-save`));
    for (const other of others) {
      const differences = numbersOf(other).map((value, at) => Math.abs(cuda[at]! - value) / value);
      expect(Math.max(...differences)).toBeLessThan(0.01);
      expect(Math.max(...differences)).toBeGreaterThan(0);
    }
  });

  it('ends bit for bit like a run that was not interrupted, and leaves no memory in use', async () => {
    const options = '--device cuda --bf16';
    await trainIn('whole', `${options} --max-update 5`);
    await trainIn('interrupted', `${options} --max-update 2`);
    await trainIn('interrupted', `${options} --max-update 5`);
    const [whole, interrupted] = ['whole', 'interrupted'].map((name) => bytesOf(join(folder, name), 'checkpoint_last'));
    expect(interrupted!.equals(whole!)).toBe(true);
    expect(backend().poolBytes.inUse).toBe(0);
  });
});
