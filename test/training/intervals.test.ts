import { describe, expect, it } from 'vitest';
import { isTimeToSave, isTimeToValidate, reasonToStop } from '../../src/training/train.js';

const saveDefaults = { saveInterval: 1, saveIntervalUpdates: 0, validateAfterUpdates: 0 };
const validateDefaults = {
  validateInterval: 1,
  validateIntervalUpdates: 0,
  validateAfterUpdates: 0,
  disableValidation: false,
};
const within = { epoch: 1, updates: 50, endOfEpoch: false };
const atEnd = { epoch: 3, updates: 90, endOfEpoch: true };

describe('a checkpoint is due', () => {
  it.each([
    { when: 'within an epoch', moment: within, options: {}, stopping: false, due: false },
    { when: 'at the end of an epoch', moment: atEnd, options: {}, stopping: false, due: true },
    {
      when: 'not in epoch 3 of every second',
      moment: atEnd,
      options: { saveInterval: 2 },
      stopping: false,
      due: false,
    },
    { when: 'before stopping', moment: within, options: {}, stopping: true, due: true },
    { when: 'every 25 updates', moment: within, options: { saveIntervalUpdates: 25 }, stopping: false, due: true },
    { when: 'not every 40', moment: within, options: { saveIntervalUpdates: 40 }, stopping: false, due: false },
    {
      when: 'not before --validate-after-updates',
      moment: within,
      options: { saveIntervalUpdates: 25, validateAfterUpdates: 51 },
      stopping: false,
      due: false,
    },
  ])('$when', ({ moment, options, stopping, due }) => {
    expect(isTimeToSave(moment, stopping, { ...saveDefaults, ...options })).toBe(due);
  });
});

describe('validation is due', () => {
  const never = { stopping: false, saving: false };
  it.each([
    { when: 'at the end of an epoch', moment: atEnd, state: never, options: {}, due: true },
    { when: 'not within one', moment: within, state: never, options: {}, due: false },
    { when: 'with a checkpoint within one', moment: within, state: { ...never, saving: true }, options: {}, due: true },
    { when: 'before stopping', moment: within, state: { stopping: true, saving: true }, options: {}, due: true },
    { when: 'every second epoch only', moment: atEnd, state: never, options: { validateInterval: 2 }, due: false },
    { when: 'every 10 updates', moment: within, state: never, options: { validateIntervalUpdates: 10 }, due: true },
    { when: 'never when disabled', moment: atEnd, state: never, options: { disableValidation: true }, due: false },
    {
      when: 'not before --validate-after-updates',
      moment: atEnd,
      state: never,
      options: { validateAfterUpdates: 91 },
      due: false,
    },
  ])('$when', ({ moment, state, options, due }) => {
    expect(isTimeToValidate(moment, state, { ...validateDefaults, ...options })).toBe(due);
  });
});

describe('training stops', () => {
  it.each([
    { updates: 9, maxUpdate: 10, reason: null },
    { updates: 10, maxUpdate: 10, reason: '10 updates are done (--max-update 10)' },
    { updates: 10, maxUpdate: 0, reason: null },
  ])('after $updates updates with --max-update $maxUpdate: $reason', ({ updates, maxUpdate, reason }) => {
    expect(reasonToStop(updates, { maxUpdate })).toBe(reason);
  });
});
