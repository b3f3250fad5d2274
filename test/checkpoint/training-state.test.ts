import { describe, expect, it } from 'vitest';
import {
  isTrainingState,
  type RecordedTrainingState,
  type TrainingState,
} from '../../src/checkpoint/training-state.js';

const state: TrainingState = {
  epoch: 2,
  updates: 30,
  iterator: { epoch: 2, iterationsInEpoch: 4, shuffle: true },
  bestMetric: 3.5,
  earlyStopping: { best: 3.5, validationsSince: 0 },
  lrScheduler: { rate: 0.1, best: null },
  seed: 1,
  meters: { train: { loss: [Number.NaN, 7, 2], nll_loss: [null, 0, 0] }, train_inner: {} },
};

describe('training resumes from a recorded state', () => {
  it.each<Partial<RecordedTrainingState>>([{}, { iterator: null }, { lrScheduler: undefined }, { lrScheduler: null }])(
    'with %j',
    (changes) => {
      expect(isTrainingState({ ...state, ...changes })).toBe(true);
    },
  );
});

describe('training does not resume from a recorded state', () => {
  it.each<Partial<RecordedTrainingState>>([
    { iterator: undefined },
    { iterator: { epoch: 0, iterationsInEpoch: 0, shuffle: true } },
    { lrScheduler: 0.1 },
    { lrScheduler: { rate: '0.1' } },
    { meters: null },
    { meters: [] },
    { meters: { train: {} } },
    { meters: { train: {}, train_inner: null } },
    { meters: { train: { loss: [1, 2] }, train_inner: {} } },
    { meters: { train: { loss: ['1', 2, 3] }, train_inner: {} } },
    { meters: { train: { loss: [1, null, 3] }, train_inner: {} } },
    { meters: { train: { loss: [1, 2, '3'] }, train_inner: {} } },
  ])('with %j', (changes) => {
    expect(isTrainingState({ ...state, ...changes })).toBe(false);
  });
});
