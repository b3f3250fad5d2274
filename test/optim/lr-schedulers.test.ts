import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { fixed } from '../../src/optim/fixed.js';
import { inverseSqrt } from '../../src/optim/inverse-sqrt.js';
import { selectOptions } from '../../src/options/select.js';

describe('inverse_sqrt', () => {
  const build = (values: Record<string, unknown>, rates: readonly number[]) =>
    inverseSqrt.build(selectOptions(inverseSqrt.options, values), rates);

  // fairseq main 3d262bb: InverseSquareRootSchedule.step_update(updates)
  it.each([
    { updates: 0, rate: 0 },
    { updates: 1, rate: 2.5e-4 },
    { updates: 19, rate: 4.75e-3 },
    { updates: 20, rate: 5e-3 },
    { updates: 80, rate: 2.5e-3 },
  ])('gives $rate after $updates updates with --lr 5e-3 --warmup-updates 20', ({ updates, rate }) => {
    expect(build({ warmupUpdates: 20 }, [5e-3]).learningRate({ updates, epoch: 1 })).toBeCloseTo(rate, 12);
  });

  it('rises from --warmup-init-lr where that is given', () => {
    const scheduler = build({ warmupUpdates: 10, warmupInitLr: 1e-3 }, [2e-3]);
    expect(scheduler.learningRate({ updates: 0, epoch: 1 })).toBe(1e-3);
    expect(scheduler.learningRate({ updates: 5, epoch: 1 })).toBeCloseTo(1.5e-3, 12);
  });

  it('refuses a list of rates', () => {
    expect(() => build({}, [1e-3, 1e-4])).toThrow(UserError);
  });
});

describe('fixed', () => {
  const build = (values: Record<string, unknown>, rates: readonly number[]) =>
    fixed.build(selectOptions(fixed.options, values), rates);

  it.each([
    { epoch: 1, rate: 0.1 },
    { epoch: 2, rate: 0.05 },
    { epoch: 3, rate: 0.01 },
    { epoch: 9, rate: 0.01 },
  ])('takes $rate in epoch $epoch from --lr 0.1,0.05,0.01', ({ epoch, rate }) => {
    expect(build({}, [0.1, 0.05, 0.01]).learningRate({ updates: 7, epoch })).toBe(rate);
  });

  // fairseq main 3d262bb: FixedLRSchedule with --force-anneal 3 --lr-shrink 0.5
  it.each([
    { epoch: 2, rate: 0.4 },
    { epoch: 3, rate: 0.2 },
    { epoch: 4, rate: 0.1 },
  ])('has shrunk to $rate in epoch $epoch with --force-anneal 3', ({ epoch, rate }) => {
    expect(build({ forceAnneal: 3, lrShrink: 0.5 }, [0.4]).learningRate({ updates: 0, epoch })).toBeCloseTo(rate, 12);
  });

  it.each([
    { updates: 0, rate: 0.25 },
    { updates: 2, rate: 0.75 },
    { updates: 3, rate: 1 },
    { updates: 4, rate: 1 },
  ])('gives $rate after $updates updates of a warm-up of 4', ({ updates, rate }) => {
    expect(build({ warmupUpdates: 4 }, [1]).learningRate({ updates, epoch: 1 })).toBe(rate);
  });
});
