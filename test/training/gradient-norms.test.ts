import { beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '../../src/devices/index.js';
import { openDevice } from '../../src/devices/index.js';
import { adam } from '../../src/optim/adam.js';
import { fixed } from '../../src/optim/fixed.js';
import { selectOptions } from '../../src/options/select.js';
import type { TranslationModel } from '../../src/plugins/model.js';
import { firstBatches, gradientNorms } from '../../src/training/gradient-norms.js';
import type { BatchedSplit } from '../../src/training/train-data.js';
import { Trainer } from '../../src/training/trainer.js';
import { buildCriterion } from '../helpers/criterion.js';
import { referenceModel, referenceTask } from '../helpers/reference-model.js';
import { trainingWithoutEnd } from './toy-trainer.js';

const task = referenceTask();
const data = task.loadSplit('train');
const split: BatchedSplit = { data, ...task.makeBatches(data, { maxTokens: 400, seed: 1 }) };
const CRITERIONS = [
  { label: 'CE', criterion: buildCriterion('cross_entropy') },
  { label: 'EL', criterion: buildCriterion('encouraging', { logEnd: 1 }) },
  { label: 'EL with padding', criterion: buildCriterion('encouraging', { bonusPadding: 'keep' }) },
];

describe.each(['cpu', 'wasm'])('gradient norms (%s)', (name) => {
  let device: Device;
  let model: TranslationModel;
  beforeAll(async () => {
    device = await openDevice(name, { threads: 1 });
    model = referenceModel(task, 'update60');
    return () => model.dispose();
  });
  const modelOfTask = () => ({ task, model, ignorePrefixSize: 0 });

  /** The norm that training logs for a batch without dropout. */
  async function loggedNorm(index: number, ids: Int32Array, sentenceAvg: boolean): Promise<number> {
    const fresh = referenceModel(task, 'update60');
    const trainer = new Trainer(
      {
        model: fresh,
        criterion: CRITERIONS[index]!.criterion,
        optimizer: adam.build(selectOptions(adam.options, {}), fresh.parameters, device.arenaKernels),
        lrScheduler: fixed.build(selectOptions(fixed.options, {}), [1e-3], trainingWithoutEnd),
        kernels: device.arenaKernels,
      },
      { seed: 1, clipNorm: 1e-3, sentenceAvg, ignorePrefixSize: 0 },
    );
    const { gradientNorm } = await trainer.step([task.collate(data, ids)], 1);
    fresh.dispose();
    return gradientNorm;
  }

  it.each([false, true])('are the means of the norms that training logs, by sentence: %s', async (sentenceAvg) => {
    const chosen = firstBatches(split, 2, 1);
    const options = { sentenceAvg, epoch: 1 };
    const { norms } = await gradientNorms(modelOfTask(), chosen, CRITERIONS, device.arenaKernels, options);
    for (const [index, norm] of norms.entries()) {
      const [first, second] = chosen.batches;
      const expected =
        ((await loggedNorm(index, first!, sentenceAvg)) + (await loggedNorm(index, second!, sentenceAvg))) / 2;
      expect(norm / expected).toBeCloseTo(1, 5);
    }
  });

  it('count the target tokens of the batches', async () => {
    const chosen = firstBatches(split, 2, 1);
    const options = { sentenceAvg: false, epoch: 1 };
    const { tokens } = await gradientNorms(modelOfTask(), chosen, [], device.arenaKernels, options);
    expect(tokens).toBe(chosen.batches.reduce((sum, ids) => sum + task.collate(data, ids).ntokens, 0));
  });

  it('refuse a gradient that is not finite, and name the criterion', async () => {
    const broken = { label: 'broken', criterion: buildCriterion('encouraging', { bonusWeight: Number.NaN }) };
    const norms = gradientNorms(modelOfTask(), firstBatches(split, 1, 1), [broken], device.arenaKernels, {
      sentenceAvg: false,
      epoch: 1,
    });
    await expect(norms).rejects.toThrow('the gradient norm of broken is NaN on a batch of');
  });
});

describe('the batches of the gradient norms', () => {
  it('are the same for the same seed, and others for another', () => {
    const ids = (seed: number): number[][] => firstBatches(split, 3, seed).batches.map((batch) => [...batch]);
    expect(ids(1)).toHaveLength(3);
    expect(ids(1)).toEqual(ids(1));
    expect(ids(2)).not.toEqual(ids(1));
  });

  it('are all batches if there are fewer', () => {
    expect(firstBatches(split, 1e6, 1).batches).toHaveLength(split.batches.length);
  });
});
