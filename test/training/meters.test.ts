import { describe, expect, it } from 'vitest';
import { AverageMeter, RateMeter } from '../../src/training/meters.js';

describe('AverageMeter', () => {
  it('is null before the first value', () => {
    expect(new AverageMeter().value).toBeNull();
  });

  it('weighs its values', () => {
    const meter = new AverageMeter();
    meter.add(1, 3);
    meter.add(5, 1);
    expect(meter.value).toBe(2);
  });

  it('is the latest value where nothing has weight', () => {
    const meter = new AverageMeter();
    meter.add(1, 0);
    meter.add(7, 0);
    expect(meter.value).toBe(7);
  });

  it('goes on from a saved state', () => {
    const meter = new AverageMeter();
    meter.add(4);
    const other = new AverageMeter();
    other.state = meter.state;
    other.add(8);
    expect(other.value).toBe(6);
  });
});

describe('RateMeter', () => {
  it('counts what came after the first event, from its time on', () => {
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
