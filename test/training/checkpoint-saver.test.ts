import { describe, expect, it } from 'vitest';
import { selectOptions } from '../../src/options/select.js';
import { checkpointNames } from '../../src/training/checkpoint-saver.js';
import { checkpointOptions } from '../../src/training/options.js';

const end = { epoch: 4, updates: 120, endOfEpoch: true };
const within = { epoch: 4, updates: 100, endOfEpoch: false };
const better = { value: 3.25, isBest: true };
const worse = { value: 3.5, isBest: false };

describe('a checkpoint is saved as', () => {
  it.each([
    { what: 'an epoch that is the best', moment: end, validated: better, names: ['checkpoint4', 'checkpoint_best'] },
    { what: 'an epoch that is not', moment: end, validated: worse, names: ['checkpoint4'] },
    { what: 'an epoch without validation', moment: end, validated: null, names: ['checkpoint4'] },
    { what: 'a stop within an epoch', moment: within, validated: null, names: [] },
    {
      what: '--save-interval-updates',
      moment: within,
      validated: better,
      options: { saveIntervalUpdates: 50 },
      names: ['checkpoint_4_100', 'checkpoint_best'],
    },
    {
      what: '--no-epoch-checkpoints',
      moment: end,
      validated: better,
      options: { noEpochCheckpoints: true },
      names: ['checkpoint_best'],
    },
    { what: '--save-interval 3', moment: end, validated: null, options: { saveInterval: 3 }, names: [] },
    {
      what: '--keep-best-checkpoints',
      moment: end,
      validated: worse,
      options: { keepBestCheckpoints: 2 },
      names: ['checkpoint4', 'checkpoint.best_loss_3.500'],
    },
  ])('$names after $what, and as checkpoint_last at the end', ({ moment, validated, options = {}, names }) => {
    const all = selectOptions(checkpointOptions, options);
    expect(checkpointNames(moment, validated, ['checkpoint.best_loss_3.100'], all)).toEqual([
      ...names,
      'checkpoint_last',
    ]);
  });

  it('nothing within an epoch with --no-last-checkpoints', () => {
    const options = selectOptions(checkpointOptions, { noLastCheckpoints: true });
    expect(checkpointNames(within, null, [], options)).toEqual([]);
  });
});
