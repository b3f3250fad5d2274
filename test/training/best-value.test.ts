import { describe, expect, it } from 'vitest';
import { BestValue, EarlyStopping } from '../../src/training/best-value.js';

describe('BestValue', () => {
  it.each([
    { maximize: false, values: [3, 2, 2.5], best: 2 },
    { maximize: true, values: [3, 4, 2.5], best: 4 },
    { maximize: false, values: [-1, -2, 0], best: -2 },
    { maximize: false, values: [Number.NaN, 5], best: 5 },
  ])('of $values is $best (maximize: $maximize)', ({ maximize, values, best }) => {
    const tracker = new BestValue(maximize);
    for (const value of values) tracker.offer(value);
    expect(tracker.best).toBe(best);
  });

  it('accepts an equal value as the best only with orEqual', () => {
    const tracker = new BestValue(false, 2);
    expect(tracker.isBest(2, { orEqual: true })).toBe(true);
    expect(tracker.isBest(2, { orEqual: false })).toBe(false);
  });
});

describe('EarlyStopping', () => {
  const decisions = (stopping: EarlyStopping, values: number[]): boolean[] =>
    values.map((value) => {
      stopping.offer(value);
      return stopping.isOver;
    });

  it('stops after --patience validations in a row that are not better', () => {
    expect(decisions(new EarlyStopping(2, false), [3, 2, 2, 1.9, 2, 5])).toEqual([
      false,
      false,
      false,
      false,
      false,
      true,
    ]);
  });

  it('never stops with --patience -1', () => {
    expect(decisions(new EarlyStopping(-1, false), [1, 2, 3, 4])).not.toContain(true);
  });

  it('continues from its state as if uninterrupted', () => {
    const first = new EarlyStopping(2, true);
    expect(decisions(first, [5, 4])).toEqual([false, false]);
    expect(decisions(new EarlyStopping(2, true, first.state), [4.5])).toEqual([true]);
    expect(decisions(new EarlyStopping(2, true, first.state), [6])).toEqual([false]);
  });
});
