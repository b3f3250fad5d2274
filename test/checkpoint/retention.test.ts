import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkpointsToDelete, nameAmongBest, type RetentionOptions } from '../../src/checkpoint/retention.js';

const KEEP_ALL: RetentionOptions = {
  keepLastEpochs: -1,
  keepIntervalUpdates: -1,
  keepIntervalUpdatesPattern: -1,
  keepBestCheckpoints: -1,
  bestCheckpointMetric: 'loss',
  maximizeBestCheckpointMetric: false,
};

const EPOCHS = ['checkpoint1', 'checkpoint10', 'checkpoint2', 'checkpoint9'];
const UPDATES = ['checkpoint_1_500', 'checkpoint_2_1000', 'checkpoint_2_1500'];
const BEST = ['checkpoint.best_loss_2.5', 'checkpoint.best_loss_2.25', 'checkpoint.best_loss_-0.125'];
const ALWAYS = ['checkpoint_best', 'checkpoint_last', 'averaged', 'checkpoint.best_bleu_38.460'];
const ALL = [...EPOCHS, ...UPDATES, ...BEST, ...ALWAYS];

describe('retention', () => {
  it.each<[string, Partial<RetentionOptions>, string[]]>([
    ['nothing by default', {}, []],
    ['all but the last two epochs, by number', { keepLastEpochs: 2 }, ['checkpoint2', 'checkpoint1']],
    ['all but the newest update', { keepIntervalUpdates: 1 }, ['checkpoint_2_1000', 'checkpoint_1_500']],
    [
      'no update of the pattern, which is not counted either',
      { keepIntervalUpdates: 1, keepIntervalUpdatesPattern: 1000 },
      ['checkpoint_1_500'],
    ],
    ['no update for the pattern alone', { keepIntervalUpdatesPattern: 1000 }, []],
    ['the largest loss', { keepBestCheckpoints: 2 }, ['checkpoint.best_loss_2.5']],
    [
      'the smallest value of a metric that is maximized',
      { keepBestCheckpoints: 2, maximizeBestCheckpointMetric: true },
      ['checkpoint.best_loss_-0.125'],
    ],
    ['nothing of another metric', { keepBestCheckpoints: 1, bestCheckpointMetric: 'bleu' }, []],
    ['nothing for a zero, as in fairseq', { keepLastEpochs: 0, keepIntervalUpdates: 0, keepBestCheckpoints: 0 }, []],
  ])('deletes %s', (_, options, deleted) => {
    expect(checkpointsToDelete(ALL, { ...KEEP_ALL, ...options })).toEqual(deleted);
  });

  it.each<[string, number, Partial<RetentionOptions>, string | null]>([
    ['a better one', 2.125, { keepBestCheckpoints: 3 }, 'checkpoint.best_loss_2.125'],
    ['a worse one while there is room', 9, { keepBestCheckpoints: 4 }, 'checkpoint.best_loss_9.000'],
    ['a worse one without room', 9, { keepBestCheckpoints: 3 }, null],
    ['a tie for the last place', 2.5, { keepBestCheckpoints: 3 }, null],
    ['any when none are kept', 0, { keepBestCheckpoints: -1 }, null],
    ['a value that is not a number', Number.NaN, { keepBestCheckpoints: 9 }, null],
    ['six decimals', 1 / 3, { keepBestCheckpoints: 3 }, 'checkpoint.best_loss_0.333333'],
    [
      'a larger one that is the better',
      2.75,
      { keepBestCheckpoints: 3, maximizeBestCheckpointMetric: true },
      'checkpoint.best_loss_2.750',
    ],
  ])('names %s', (_, value, options, name) => {
    expect(nameAmongBest(ALL, value, { ...KEEP_ALL, ...options })).toBe(name);
  });

  it('gives different names to checkpoints of equal value', () => {
    const options = { ...KEEP_ALL, keepBestCheckpoints: 3 };
    const names: string[] = [];
    for (let count = 0; count < 3; count++) names.push(nameAmongBest(names, 27.43, options)!);
    expect(names).toEqual([
      'checkpoint.best_loss_27.430',
      'checkpoint.best_loss_27.4300001',
      'checkpoint.best_loss_27.4300002',
    ]);
    expect(nameAmongBest(names, 27.43, options)).toBeNull();
  });

  it('keeps the K best of all values in any order', () => {
    const values = fc.array(
      fc.integer({ min: -50, max: 50 }).map((value) => value / 8),
      { minLength: 1, maxLength: 30 },
    );
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 5 }), fc.boolean(), (history, keep, maximize) => {
        const options = { ...KEEP_ALL, keepBestCheckpoints: keep, maximizeBestCheckpointMetric: maximize };
        let names: string[] = [];
        for (const value of history) {
          const name = nameAmongBest(names, value, options);
          if (name !== null) names.push(name);
          const deleted = checkpointsToDelete(names, options);
          names = names.filter((kept) => !deleted.includes(kept));
        }
        const kept = names.map((name) => Number(Number(name.split('_').at(-1)).toFixed(3))).sort((a, b) => a - b);
        const sorted = [...history].sort((a, b) => (maximize ? b - a : a - b)).slice(0, keep);
        expect(kept).toEqual(sorted.map((value) => Number(value.toFixed(3))).sort((a, b) => a - b));
      }),
    );
  });
});
