import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { goldenBatches, toyTrainer } from './toy-trainer.js';

const norm = (x: Float32Array): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));

describe('Trainer', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
  });

  it('reduces the loss', async () => {
    const trainer = toyTrainer({ lr: 0.1 });
    const [batch] = goldenBatches(1);
    const losses: number[] = [];
    for (let update = 0; update < 5; update++) losses.push((await trainer.step([batch!], 1)).loss);
    expect(losses).toEqual([...losses].sort((a, b) => b - a));
    expect(losses[4]).toBeLessThan(0.9 * losses[0]!);
  });

  it('keeps the number of tensors constant', async () => {
    const trainer = toyTrainer({ dropout: 0.3 });
    const batches = goldenBatches(4);
    await trainer.step(batches, 1);
    const before = tf.memory().numTensors;
    for (const batch of batches) {
      await trainer.step([batch], 1);
      expect(tf.memory().numTensors).toBe(before);
    }
  });

  it('sums the gradients of several micro-batches over all their tokens', async () => {
    const [first, second] = goldenBatches(2);
    const [one, other, both] = [toyTrainer(), toyTrainer(), toyTrainer()];
    await one.step([first!], 1);
    await other.step([second!], 1);
    const report = await both.step([first!, second!], 1);
    const tokens = first!.ntokens + second!.ntokens;
    expect(report.tokens).toBe(tokens);
    const [a, b, sum] = [one, other, both].map((trainer) => trainer.parts.model.parameters.gradients);
    for (let index = 0; index < sum!.length; index += 37) {
      const expected = (a![index]! * first!.ntokens + b![index]! * second!.ntokens) / tokens;
      expect(sum![index]).toBeCloseTo(expected, 6);
    }
  });

  it('divides by sentences with --sentence-avg', async () => {
    const [batch] = goldenBatches(1);
    const [byToken, bySentence] = [toyTrainer(), toyTrainer({ sentenceAvg: true })];
    const tokenReport = await byToken.step([batch!], 1);
    const sentenceReport = await bySentence.step([batch!], 1);
    expect(sentenceReport.sampleSize).toBe(batch!.batchSize);
    const ratio = batch!.ntokens / batch!.batchSize;
    expect(sentenceReport.gradientNorm / tokenReport.gradientNorm).toBeCloseTo(ratio, 4);
  });

  it.each([
    { clipNorm: 0.01, clipped: true },
    { clipNorm: 1000, clipped: false },
    { clipNorm: 0, clipped: null },
  ])(
    'with --clip-norm $clipNorm reports the norm before clipping, clipped: $clipped',
    async ({ clipNorm, clipped }) => {
      const trainer = toyTrainer({ clipNorm });
      const unclipped = await toyTrainer().step(goldenBatches(1), 1);
      const report = await trainer.step(goldenBatches(1), 1);
      expect(report.gradientNorm).toBe(unclipped.gradientNorm);
      expect(report.clipped).toBe(clipped);
      const expected = clipped ? clipNorm : report.gradientNorm;
      expect(norm(trainer.parts.model.parameters.gradients)).toBeCloseTo(expected, 4);
    },
  );

  it('clips by the norm plus 1e-6, as PyTorch does', async () => {
    const [batch] = goldenBatches(1);
    const { gradientNorm } = await toyTrainer().step([batch!], 1);
    // With a norm of 1e-4 and a limit of half of it, adding 1e-6 reduces the gradient by 1/101.
    const scale = 1e-4 / gradientNorm;
    const trainer = toyTrainer({ clipNorm: 5e-5, lossScale: scale });
    const report = await trainer.step([batch!], 1);
    expect(report.gradientNorm / 1e-4).toBeCloseTo(1, 4);
    expect(norm(trainer.parts.model.parameters.gradients) / (5e-5 / 1.01)).toBeCloseTo(1, 4);
  });

  it('ignores the first tokens of each sentence in the loss, but not in the sample size, with --ignore-prefix-size', async () => {
    const [batch] = goldenBatches(1);
    const whole = await toyTrainer().step([batch!], 1);
    const part = await toyTrainer({ ignorePrefixSize: 2 }).step([batch!], 1);
    expect(part.loss).toBeLessThan(whole.loss);
    expect(part.sampleSize).toBe(batch!.ntokens);
  });

  it('draws different dropout masks for every update and micro-batch, and the same for the same seed', async () => {
    const [batch] = goldenBatches(1);
    const losses = async (seed: number): Promise<number[]> => {
      const trainer = toyTrainer({ dropout: 0.5, lr: 0, seed });
      return [(await trainer.step([batch!], 1)).loss, (await trainer.step([batch!], 1)).loss];
    };
    const [first, second] = await losses(1);
    expect(first).not.toBe(second);
    expect(await losses(1)).toEqual([first, second]);
    expect(await losses(2)).not.toContain(first);
    const pair = await toyTrainer({ dropout: 0.5, lr: 0 }).step([batch!, batch!], 1);
    expect(pair.loss).not.toBeCloseTo(2 * first!, 3);
  });

  it('names the update, epoch and sentences if the loss is not finite, and leaves the parameters unchanged', async () => {
    const batches = goldenBatches(2);
    const trainer = toyTrainer({ blowUpAt: batches[1]!.ntokens });
    await trainer.step([batches[0]!], 1);
    const values = Float32Array.from(trainer.parts.model.parameters.values);
    const failure = trainer.step([batches[1]!], 3);
    await expect(failure).rejects.toThrow(UserError);
    const ids = [...batches[1]!.ids].slice(0, 5).join(', ');
    await expect(failure).rejects.toThrow(`the loss is NaN in update 2 (epoch 3), training sentences ${ids}`);
    expect(trainer.parts.model.parameters.values).toEqual(values);
    expect(trainer.updates).toBe(1);
  });
});
