import { cpSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadMetadata } from '../../src/checkpoint/checkpoint.js';
import { listCheckpoints } from '../../src/checkpoint/checkpoint-path.js';
import { log } from '../../src/log.js';
import { lrSchedulers } from '../../src/optim/index.js';
import type { OptionValues } from '../../src/options/schema.js';
import type { TrainRequest } from '../../src/training/request.js';
import { train } from '../../src/training/train.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { bytesOf, recordLog } from './observe.js';
import { makeToyData } from './toy-data.js';
import { toyRequest } from './toy-request.js';

const folder = temporaryFolder();
const data = await makeToyData(folder);
const recorded = recordLog();

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Trains the toy model with a schedule. */
async function trainWith(scheduler: string, values: OptionValues, rest: Partial<TrainRequest> = {}): Promise<void> {
  const request = toyRequest(data, { warmupUpdates: 0, ...values });
  const lrScheduler = lrSchedulers.find(({ name }) => name === scheduler)!;
  await train({ ...request, plugins: { ...request.plugins, lrScheduler }, ...rest });
}

/** The learning rate at the end of each epoch, as the log prints it. */
const ratesLogged = (): (string | undefined)[] =>
  recorded.stats('train').map(({ stats }) => stats.find(([name]) => name === 'lr')?.[1]);

describe('--lr and --update-freq', () => {
  it('have one value per epoch; the last applies to all later epochs', async () => {
    const lists = { lr: [0.05, 0.01, 2e-3], updateFreq: [1, 2] };
    await trainWith('fixed', { saveDir: join(folder, 'lists'), maxEpoch: 4, noEpochCheckpoints: true, ...lists });
    expect(ratesLogged()).toEqual(['0.05', '0.01', '0.002', '0.002']);
    const updates = recorded
      .stats('train')
      .map(({ stats }) => Number(stats.find(([name]) => name === 'num_updates')![1]));
    const perEpoch = updates.map((count, index) => count - (updates[index - 1] ?? 0));
    const whole = perEpoch[0]!;
    expect(perEpoch).toEqual([whole, Math.ceil(whole / 2), Math.ceil(whole / 2), Math.ceil(whole / 2)]);
  });
});

describe('--stop-min-lr', () => {
  const options = { lr: [0.05, 1e-9], stopMinLr: 1e-8, maxEpoch: 9 };

  it('ends training after the first epoch with such a low rate, also when the command is repeated', async () => {
    const saveDir = join(folder, 'stop-min-lr');
    await trainWith('fixed', { saveDir, ...options });
    expect(ratesLogged()).toEqual(['0.05', '1e-09']);
    expect(recorded.messages().at(-1)).toContain('the learning rate 1e-9 has reached --stop-min-lr 1e-8');
    await trainWith('fixed', { saveDir, ...options });
    expect(loadMetadata(join(saveDir, 'checkpoint_last')).training!.epoch).toBe(2);
    expect(recorded.messages().at(-1)).toContain('--stop-min-lr');
  });

  it('ends training at an equal rate', async () => {
    await trainWith('fixed', { saveDir: join(folder, 'stop-min-lr-equal'), ...options, stopMinLr: 1e-9 });
    expect(recorded.messages().at(-1)).toContain('the learning rate 1e-9 has reached --stop-min-lr 1e-9');
  });

  it('ends training at the same update after an interruption within an epoch', async () => {
    const saveDir = join(folder, 'stop-min-lr-interrupted');
    await trainAndInterrupt('fixed', { saveDir, ...options }, 5);
    await trainWith('fixed', { saveDir, ...options });
    const whole = join(folder, 'stop-min-lr');
    expect(bytesOf(saveDir, 'checkpoint_last').equals(bytesOf(whole, 'checkpoint_last'))).toBe(true);
  });
});

/** Trains and interrupts the run, as SIGINT does, after N updates. */
async function trainAndInterrupt(scheduler: string, values: OptionValues, updates: number): Promise<void> {
  const controller = new AbortController();
  let seen = 0;
  const detach = log.attach(({ kind }) => {
    if (kind === 'progress' && ++seen >= updates) controller.abort();
  });
  await trainWith(scheduler, values, { signal: controller.signal });
  detach();
}

describe('reduce_lr_on_plateau', () => {
  // The loss falls although larger values are better, so every epoch after the first is worse.
  const options = { maxEpoch: 6, lr: [0.05], lrPatience: 1, lrShrink: 0.5, maximizeBestCheckpointMetric: true };
  const whole = join(folder, 'plateau');

  it('lowers the rate after --lr-patience epochs in a row without a better value', async () => {
    await trainWith('reduce_lr_on_plateau', { saveDir: whole, ...options });
    expect(ratesLogged()).toEqual(['0.05', '0.05', '0.05', '0.025', '0.025', '0.0125']);
    const { lrScheduler } = loadMetadata(join(whole, 'checkpoint_last')).training!;
    expect(lrScheduler).toMatchObject({ rate: 0.0125, epochsSince: 1 });
  });

  it.each([1, 2, 3, 4, 5])('resumes bit for bit from the checkpoint of epoch %i', async (epoch) => {
    const saveDir = join(folder, `plateau-from-${epoch}`);
    cpSync(whole, saveDir, { recursive: true });
    cpSync(join(saveDir, `checkpoint${epoch}.safetensors`), join(saveDir, 'checkpoint_last.safetensors'));
    await trainWith('reduce_lr_on_plateau', { saveDir, ...options });
    expect(ratesLogged()).toEqual(['0.05', '0.05', '0.05', '0.025', '0.025', '0.0125'].slice(epoch));
    expect(bytesOf(saveDir, 'checkpoint6').equals(bytesOf(whole, 'checkpoint6'))).toBe(true);
  });

  it.each([3, 10, 35])('resumes bit for bit after an interruption at update %i', async (updates) => {
    const saveDir = join(folder, `plateau-interrupted-${updates}`);
    await trainAndInterrupt('reduce_lr_on_plateau', { saveDir, ...options }, updates);
    await trainWith('reduce_lr_on_plateau', { saveDir, ...options });
    const names = listCheckpoints(whole);
    expect(listCheckpoints(saveDir)).toEqual(names);
    expect(names.filter((name) => !bytesOf(saveDir, name).equals(bytesOf(whole, name)))).toEqual([]);
  });

  it('restarts at --lr with --reset-lr-scheduler', async () => {
    const saveDir = join(folder, 'plateau-reset');
    cpSync(whole, saveDir, { recursive: true });
    await trainWith('reduce_lr_on_plateau', { saveDir, ...options, maxEpoch: 7, resetLrScheduler: true });
    expect(ratesLogged()).toEqual(['0.05']);
  });

  it('works without validation', async () => {
    const saveDir = join(folder, 'plateau-without-validation');
    await trainWith('reduce_lr_on_plateau', {
      saveDir,
      ...options,
      maxEpoch: 3,
      lrPatience: 0,
      disableValidation: true,
    });
    expect(ratesLogged()).toEqual(['0.05', '0.05', '0.05']);
  });
});
