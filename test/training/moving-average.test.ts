import { cpSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { averageCheckpoints } from '../../src/checkpoint/average.js';
import { loadCheckpoint } from '../../src/checkpoint/checkpoint.js';
import { UserError } from '../../src/errors.js';
import { log } from '../../src/log.js';
import { train } from '../../src/training/train.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { bytesOf, recordLog } from './observe.js';
import { makeToyData } from './toy-data.js';
import { toyRequest } from './toy-request.js';

const folder = temporaryFolder();
const data = await makeToyData(folder);
const recorded = recordLog();
const whole = join(folder, 'whole');
const options = { maxEpoch: 2, storeEma: true, emaDecay: 0.9, emaUpdateFreq: 2 };

beforeAll(async () => {
  await tf.setBackend('cpu');
  await train(toyRequest(data, { ...options, saveDir: whole }));
});

const tensorsOf = (stem: string, kind: 'weights' | 'ema'): [string, number[]][] =>
  [...loadCheckpoint(stem, { optimizer: false, ema: true })[kind]!].map(([name, { data: values }]) => [
    name,
    [...(values as Float32Array)],
  ]);

describe('--store-ema', () => {
  it('stores an average of every parameter in the checkpoint and does not change the weights', async () => {
    const plain = join(folder, 'plain');
    await train(toyRequest(data, { maxEpoch: 2, saveDir: plain }));
    const weights = tensorsOf(join(whole, 'checkpoint_last'), 'weights');
    expect(weights).toEqual(tensorsOf(join(plain, 'checkpoint_last'), 'weights'));
    const average = tensorsOf(join(whole, 'checkpoint_last'), 'ema');
    expect(average.map(([name]) => name)).toEqual(weights.map(([name]) => name));
    expect(average).not.toEqual(weights);
    expect(loadCheckpoint(join(plain, 'checkpoint_last'), { optimizer: true, ema: true }).ema).toBeUndefined();
  });

  it('logs its decay before the wall time', async () => {
    await train(toyRequest(data, { ...options, saveDir: join(folder, 'logged'), maxUpdate: 2 }));
    const { stats } = recorded.stats('train_inner')[0]!;
    expect(stats.slice(-2).map(([name]) => name)).toEqual(['ema_decay', 'wall']);
    expect(stats.at(-2)![1]).toBe('0.9');
  });

  it.each([1, 4, 13])('resumes bit for bit after an interruption at update %i', async (updates) => {
    const saveDir = join(folder, `interrupted-${updates}`);
    const controller = new AbortController();
    let seen = 0;
    const detach = log.attach(({ kind }) => {
      if (kind === 'progress' && ++seen >= updates) controller.abort();
    });
    await train(toyRequest(data, { ...options, saveDir }, { signal: controller.signal }));
    detach();
    await train(toyRequest(data, { ...options, saveDir }));
    expect(bytesOf(saveDir, 'checkpoint_last').equals(bytesOf(whole, 'checkpoint_last'))).toBe(true);
  });

  it('starts from the weights if the checkpoint has no average, and logs it', async () => {
    const saveDir = join(folder, 'late');
    cpSync(join(folder, 'plain'), saveDir, { recursive: true });
    const before = tensorsOf(join(saveDir, 'checkpoint_last'), 'weights');
    await train(toyRequest(data, { ...options, saveDir, maxEpoch: 3, emaDecay: 1 }));
    expect(tensorsOf(join(saveDir, 'checkpoint_last'), 'ema')).toEqual(before);
    expect(recorded.messages()).toContainEqual(
      expect.stringContaining('has no moving average; the average starts from its weights'),
    );
  });

  it('is not read by other commands', () => {
    const output = join(folder, 'averaged');
    averageCheckpoints([join(whole, 'checkpoint_last')], output);
    expect(tensorsOf(output, 'weights')).toEqual(tensorsOf(join(whole, 'checkpoint_last'), 'weights'));
    expect(loadCheckpoint(output, { optimizer: false, ema: true }).ema).toBeUndefined();
  });

  it('starts from the average of --ema-seed-model', async () => {
    const saveDir = join(folder, 'seeded');
    const emaSeedModel = join(whole, 'checkpoint_last');
    await train(toyRequest(data, { ...options, saveDir, maxUpdate: 1, emaDecay: 1, emaUpdateFreq: 1, emaSeedModel }));
    expect(tensorsOf(join(saveDir, 'checkpoint_last'), 'ema')).toEqual(tensorsOf(emaSeedModel, 'ema'));
  });

  it('refuses a seed model without one', async () => {
    const request = toyRequest(data, {
      ...options,
      saveDir: join(folder, 'refused'),
      emaSeedModel: join(folder, 'plain', 'checkpoint_last'),
    });
    await expect(train(request)).rejects.toThrow(UserError);
    await expect(train(request)).rejects.toThrow(/has no moving average .*--store-ema/);
  });
});
