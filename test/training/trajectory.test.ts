import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { EpochIterator } from '../../src/data/epoch-iterator.js';
import { devices } from '../../src/devices/index.js';
import { storeWeights } from '../../src/optim/weights.js';
import { formatGeneral } from '../../src/training/number-format.js';
import type { Trainer } from '../../src/training/trainer.js';
import {
  golden,
  goldenTrainer,
  largestDifference,
  median,
  partWithinTolerance,
  REFERENCE_TOLERANCE,
  RELU_TOLERANCE,
  relativeDistances,
} from './golden-training.js';
import { goldenTask } from './toy-trainer.js';

const updatesOf = <T>(file: string): T[] => JSON.parse(readFileSync(golden(file), 'utf8')).updates;

/** A model's parameters under their checkpoint names. */
const weightsOf = ({ parts }: Trainer) => storeWeights(parts.model.parameters);

function expectSingleWeightsNear(trainer: Trainer, reference: string): void {
  expect(partWithinTolerance(weightsOf(trainer), reference)).toBeGreaterThan(RELU_TOLERANCE.partWithin);
  expect(largestDifference(weightsOf(trainer), reference)).toBeLessThan(RELU_TOLERANCE.largestDifference);
}

/**
 * fairseq’s own training, update by update. With ReLU a trajectory in float32 is only as determined as the sign of the
 * pre-activation nearest to zero: where rounding turns a unit on that was off, two right implementations part, and
 * fairseq parts from itself. On one thread instead of two it ends 2.1 % from its own update60 (78 of 79 tensors beyond
 * 0.1 %), without AVX-512 1.2 % from update20 (test/golden/model/rerun-fairseq.py). So the bounds are tight before that
 * happens and as wide as fairseq’s own spread behind it. Without the kink nothing is left to chance:
 * test/cli/trajectory.test.ts, with GELU, stays within 0.001 % to the end.
 */
describe('training from fairseq’s initial weights', () => {
  beforeAll(async () => {
    await devices.get('cpu').open({ threads: 1 });
  });

  it('takes the steps that fairseq takes with the whole data in one batch', async () => {
    const data = goldenTask.loadSplit('train');
    const batch = goldenTask.collate(
      data,
      Int32Array.from({ length: data.length }, (_, id) => id),
    );
    data.close();
    const trainer = goldenTrainer({ lr: 5e-3, warmupUpdates: 20, weightDecay: 1e-4 });
    type Update = Readonly<Record<'loss_sum_nats' | 'nll_sum_nats' | 'ntokens' | 'gnorm' | 'lr_after', number>>;
    for (const [index, expected] of updatesOf<Update>('trajectory.json').entries()) {
      const { tokens, loss, nll, gradientNorm, learningRate } = await trainer.step([batch], 1);
      const early = index < 10;
      expect(tokens).toBe(expected.ntokens);
      expect(Math.abs(loss / expected.loss_sum_nats - 1)).toBeLessThan(early ? 1e-6 : 5e-5);
      expect(Math.abs(nll / expected.nll_sum_nats - 1)).toBeLessThan(early ? 1e-6 : 5e-5);
      expect(Math.abs(gradientNorm / expected.gnorm - 1)).toBeLessThan(early ? 1e-4 : 5e-3);
      expect(learningRate).toBeCloseTo(expected.lr_after, 12);
    }
    const distances = relativeDistances(weightsOf(trainer), 'update20.safetensors');
    expect(median(distances)).toBeLessThan(1e-3);
    expect(Math.max(...distances)).toBeLessThan(1e-2);
    expectSingleWeightsNear(trainer, 'update20.safetensors');
  });

  it('takes the steps that fairseq takes over its batches, two for an update', async () => {
    const data = goldenTask.loadSplit('train');
    const { batches } = goldenTask.makeBatches(data, { maxTokens: 400, seed: 3 });
    const trainer = goldenTrainer({ lr: 1e-3, warmupUpdates: 30, weightDecay: 1e-2 });
    type Update = Readonly<Record<'num_updates' | 'loss' | 'nll_loss' | 'wpb' | 'bsz' | 'gnorm' | 'lr', string>>;
    const expected = updatesOf<Update>('trajectory-batches.json');
    const iterator = new EpochIterator(batches, { seed: 3 });
    while (trainer.updates < expected.length) {
      for (const group of iterator.updates(2)) {
        if (trainer.updates === expected.length) break;
        const { loss, nll_loss, wpb, bsz, gnorm, lr } = expected[trainer.updates]!;
        const early = trainer.updates < 20;
        const report = await trainer.step(
          group.map((ids) => goldenTask.collate(data, ids)),
          1,
        );
        expect([report.tokens, report.sentences].map(String)).toEqual([wpb, bsz]);
        expect(formatGeneral(report.learningRate)).toBe(lr);
        // fairseq prints three decimals, so the tolerance is half a unit of the last.
        expect(Math.abs(report.loss / report.tokens / Math.LN2 - Number(loss))).toBeLessThan(early ? 0.0006 : 0.0015);
        expect(Math.abs(report.nll / report.tokens / Math.LN2 - Number(nll_loss))).toBeLessThan(
          early ? 0.0006 : 0.0015,
        );
        expect(Math.abs(report.gradientNorm - Number(gnorm))).toBeLessThan(early ? 0.0008 : 0.005);
      }
    }
    data.close();
    const distances = relativeDistances(weightsOf(trainer), 'update60.safetensors');
    expect(median(distances)).toBeLessThan(5e-3);
    expect(Math.max(...distances)).toBeLessThan(REFERENCE_TOLERANCE.relativeDistance);
    expectSingleWeightsNear(trainer, 'update60.safetensors');
  });
});
