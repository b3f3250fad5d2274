import { describe, expect, it } from 'vitest';
import { MovingAverage, type MovingAverageOptions } from '../../src/optim/moving-average.js';
import { ParameterStore } from '../../src/optim/parameter-store.js';

/** The average after each of the updates 1, 2, … that set the only weight to these values. */
function averages(weights: readonly number[], options: Partial<MovingAverageOptions> = {}): number[] {
  const store = new ParameterStore();
  store.parameter('weight', [1], (values) => values.fill(100));
  store.build(() => 0);
  const average = new MovingAverage(store, { emaDecay: 0.75, emaStartUpdate: 0, emaUpdateFreq: 1, ...options });
  return weights.map((weight, index) => {
    store.values[0] = weight;
    average.update(index + 1);
    return average.values![0]!;
  });
}

describe('the moving average of the weights', () => {
  // fairseq main 3d262bb builds trainer.ema at its first use, after update 1, and steps it after every update.
  it('starts as the weights after the first update, and adds 1 − decay of each later one', () => {
    expect(averages([8, 16, 0])).toEqual([8, 0.75 * 8 + 0.25 * 16, 0.75 * 10]);
  });

  it('equals the weights before --ema-start-update', () => {
    expect(averages([8, 16, 0, 4], { emaStartUpdate: 3 })).toEqual([8, 16, 12, 10]);
  });

  it('steps every --ema-update-freq updates', () => {
    expect(averages([8, 16, 0, 4], { emaUpdateFreq: 2 })).toEqual([8, 10, 10, 8.5]);
  });

  it('returns its current decay', () => {
    const store = new ParameterStore();
    store.parameter('weight', [1], () => {});
    store.build(() => 0);
    const average = new MovingAverage(store, { emaDecay: 0.99, emaStartUpdate: 2, emaUpdateFreq: 1 });
    expect([1, 2, 3].map((updates) => average.update(updates))).toEqual([0, 0.99, 0.99]);
  });
});
