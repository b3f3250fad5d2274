import { describe, expect, it } from 'vitest';
import {
  AverageMeter,
  LossStatistics,
  RateMeter,
  type UpdateReport,
  UpdateStatistics,
} from '../../src/training/statistics.js';

const report: UpdateReport = {
  loss: 100 * Math.LN2,
  nll: 90 * Math.LN2,
  sampleSize: 50,
  tokens: 45,
  sentences: 8,
  updates: 7,
  gradientNorm: 1.23456,
  clipped: true,
  learningRate: 1e-3 / 30,
  seconds: 1.6,
};

describe('the metrics of updates', () => {
  it("have fairseq's names, order, units and rounding", () => {
    let now = 100;
    const statistics = new UpdateStatistics(() => now);
    statistics.add(report);
    now = 104;
    statistics.add({ ...report, updates: 8, clipped: false });
    expect(statistics.stats()).toEqual([
      ['loss', '2'],
      ['nll_loss', '2'],
      ['ppl', '4'],
      ['wps', '11.2'],
      ['ups', '0.25'],
      ['wpb', '45'],
      ['bsz', '8'],
      ['num_updates', '8'],
      ['lr', '3.33333e-05'],
      ['gnorm', '1.235'],
      ['clip', '50'],
      ['train_wall', '3'],
      ['wall', '4'],
    ]);
  });

  it('weigh losses by sample size and nll by tokens', () => {
    const statistics = new UpdateStatistics(() => 0);
    statistics.add(report);
    statistics.add({ ...report, loss: 0, sampleSize: 150, nll: 0, tokens: 135 });
    expect(statistics.loss).toBe(0.5);
    expect(statistics.nllLoss).toBe(0.5);
  });

  it('have no clip without --clip-norm', () => {
    const statistics = new UpdateStatistics(() => 0);
    statistics.add({ ...report, clipped: null });
    expect(statistics.stats().map(([name]) => name)).not.toContain('clip');
  });

  it('allow a negative loss, because the perplexity comes from the nll', () => {
    const statistics = new LossStatistics(() => 0);
    statistics.add({ ...report, loss: -25 * Math.LN2 });
    expect(statistics.lossFigures()).toEqual([
      ['loss', '-0.5'],
      ['nll_loss', '2'],
      ['ppl', '4'],
    ]);
  });

  it('continue from a saved state as if uninterrupted', () => {
    const [whole, first, second] = [0, 1, 2].map(() => new UpdateStatistics(() => 0));
    whole!.add(report);
    first!.add(report);
    second!.state = JSON.parse(JSON.stringify(first!.state));
    const next = { ...report, loss: 7, nll: 5, tokens: 3, sampleSize: 3, gradientNorm: 9 };
    whole!.add(next);
    second!.add(next);
    expect(second!.state).toEqual(whole!.state);
  });

  it('restart after a reset', () => {
    const statistics = new UpdateStatistics(() => 0);
    statistics.add(report);
    statistics.reset();
    statistics.add({ ...report, loss: 0 });
    expect(statistics.loss).toBe(0);
  });
});

describe('AverageMeter', () => {
  it('is null before the first value', () => {
    expect(new AverageMeter().value).toBeNull();
  });

  it('weights its values', () => {
    const meter = new AverageMeter();
    meter.add(1, 3);
    meter.add(5, 1);
    expect(meter.value).toBe(2);
  });

  it('is the latest value if all weights are 0', () => {
    const meter = new AverageMeter();
    meter.add(1, 0);
    meter.add(7, 0);
    expect(meter.value).toBe(7);
  });

  it('continues from a saved state', () => {
    const meter = new AverageMeter();
    meter.add(4);
    const other = new AverageMeter();
    other.state = meter.state;
    other.add(8);
    expect(other.value).toBe(6);
  });
});

describe('RateMeter', () => {
  it('counts from the time of the first event, without that event', () => {
    let now = 10;
    const meter = new RateMeter(() => now);
    expect(meter.value).toBeNull();
    meter.add(1000);
    now = 12;
    meter.add(30);
    expect(meter.value).toBe(15);
  });

  it('counts everything after a reset', () => {
    let now = 0;
    const meter = new RateMeter(() => now);
    meter.add(1);
    now = 5;
    meter.reset();
    now = 7;
    meter.add(8);
    expect(meter.value).toBe(4);
  });
});
