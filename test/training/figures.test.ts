import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { labelSmoothedCrossEntropy } from '../../criterions/label-smoothed-cross-entropy.js';
import { labelSmoothedCrossEntropyWithRdrop } from '../../criterions/label-smoothed-cross-entropy-with-rdrop.js';
import type { CriterionDefinition } from '../../src/plugins/criterion.js';
import { LossStatistics } from '../../src/training/statistics.js';
import { train } from '../../src/training/train.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { recordLog } from './observe.js';
import { makeToyData } from './toy-data.js';
import { toyRequest } from './toy-request.js';

const folder = temporaryFolder();
const data = await makeToyData(folder);
const recorded = recordLog();

beforeAll(async () => {
  await tf.setBackend('cpu');
});

async function trainWith(criterion: unknown, values: Record<string, unknown>): Promise<void> {
  const request = toyRequest(data, { saveDir: join(folder, 'run'), noSave: true, maxEpoch: 1, ...values });
  await train({ ...request, plugins: { ...request.plugins, criterion: criterion as CriterionDefinition } });
}

const report = { loss: 1, nll: 1, sampleSize: 10, tokens: 10, sentences: 2 };
const count = (sum: number) => ({ sum, unit: 'count' }) as const;

describe("a criterion's metrics", () => {
  it('appear between nll_loss and ppl: counts as the mean over batches, accuracy over all rows', () => {
    const statistics = new LossStatistics(() => 0);
    statistics.add({ ...report, metrics: { total: count(10), n_correct: count(4) } });
    statistics.add({ ...report, metrics: { total: count(30), n_correct: count(20) } });
    expect(statistics.lossFigures().slice(2)).toEqual([
      ['total', '20'],
      ['n_correct', '12'],
      ['ppl', '1.11'],
      ['accuracy', '60'],
    ]);
  });

  it('have no accuracy if no token was counted', () => {
    const statistics = new LossStatistics(() => 0);
    statistics.add({ ...report, metrics: { total: count(0), n_correct: count(0) } });
    expect(statistics.lossFigures().slice(2)).toEqual([
      ['total', '0'],
      ['n_correct', '0'],
      ['ppl', '1.11'],
    ]);
  });

  it('in nats are divided by the sample size and shown in bits', () => {
    const statistics = new LossStatistics(() => 0);
    statistics.add({ ...report, metrics: { rdrop_kl_loss: { sum: 25 * Math.LN2, unit: 'nats' } } });
    expect(statistics.lossFigures()[2]).toEqual(['rdrop_kl_loss', '2.5']);
  });

  it('are logged in training and validation with --report-accuracy', async () => {
    const tensors = tf.memory().numTensors;
    await trainWith(labelSmoothedCrossEntropy, { labelSmoothing: 0.1, reportAccuracy: true });
    expect(tf.memory().numTensors).toBe(tensors);
    for (const kind of ['train_inner', 'train', 'valid']) {
      const { stats } = recorded.stats(kind)[0]!;
      expect(stats.map(([name]) => name).slice(0, 6)).toEqual([
        ...['loss', 'nll_loss', 'total', 'n_correct', 'ppl', 'accuracy'],
      ]);
      const value = (name: string): number => Number(stats.find(([key]) => key === name)![1]);
      expect(value('total')).toBeGreaterThan(0);
      const accuracy = (100 * value('n_correct')) / value('total');
      expect(Math.abs(value('accuracy') - accuracy)).toBeLessThan(0.01);
    }
  });

  it('are absent without it', async () => {
    await trainWith(labelSmoothedCrossEntropy, { labelSmoothing: 0.1 });
    expect(recorded.stats('train')[0]!.stats.map(([name]) => name)).not.toContain('accuracy');
  });

  it('of R-Drop are logged only in training, and its perplexity is that of one pass', async () => {
    await trainWith(labelSmoothedCrossEntropyWithRdrop, { rdropAlpha: 5, dropout: 0.5 });
    const { stats } = recorded.stats('train')[0]!;
    expect(stats.map(([name]) => name).slice(0, 4)).toEqual(['loss', 'nll_loss', 'rdrop_kl_loss', 'ppl']);
    const value = (name: string): number => Number(stats.find(([key]) => key === name)![1]);
    expect(value('rdrop_kl_loss')).toBeGreaterThan(0);
    expect(value('loss')).toBeCloseTo(2 * value('nll_loss') + 5 * value('rdrop_kl_loss'), 1);
    const valid = recorded.stats('valid')[0]!.stats;
    expect(valid.map(([name]) => name).slice(0, 3)).toEqual(['loss', 'nll_loss', 'ppl']);
    const [loss, nll] = valid.map(([, figure]) => Number(figure));
    expect(loss).toBeCloseTo(2 * nll!, 2);
  });
});
