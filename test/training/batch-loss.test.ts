import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDevice } from '../../src/devices/index.js';
import type { Criterion } from '../../src/plugins/criterion.js';
import { EVALUATION, type TranslationModel } from '../../src/plugins/model.js';
import { collate } from '../../src/tasks/collate.js';
import { batchLoss, selectRows } from '../../src/training/batch-loss.js';
import { referenceModel, referenceTask } from '../helpers/reference-model.js';

const PAD = 1;
const EOS = 2;

// targets: 10 11 12 </s> / 20 </s> <pad> <pad>
const batch = collate(
  [
    { id: 0, source: Int32Array.of(5, 6, EOS), target: Int32Array.of(10, 11, 12, EOS) },
    { id: 1, source: Int32Array.of(7, EOS), target: Int32Array.of(20, EOS) },
  ],
  { padIndex: PAD, eosIndex: EOS },
);

describe('the rows of the loss', () => {
  it.each([
    { paddingRows: 'drop', prefix: 0, index: [0, 1, 2, 3, 4, 5], targets: [10, 11, 12, EOS, 20, EOS], counts: null },
    { paddingRows: 'drop', prefix: 1, index: [1, 2, 3, 5], targets: [11, 12, EOS, EOS], counts: null },
    {
      paddingRows: 'keep',
      prefix: 0,
      index: [0, 1, 2, 3, 4, 5, 6, 7],
      targets: [10, 11, 12, EOS, 20, EOS, PAD, PAD],
      counts: [1, 1, 1, 1, 1, 1, 0, 0],
    },
    {
      paddingRows: 'keep',
      prefix: 2,
      index: [2, 3, 6, 7],
      targets: [12, EOS, PAD, PAD],
      counts: [1, 1, 0, 0],
    },
  ] as const)('with padding rows: $paddingRows and a prefix of $prefix are $index', (expected) => {
    const rows = selectRows(batch, expected.paddingRows, expected.prefix);
    expect([...rows.index]).toEqual(expected.index);
    expect([...rows.targets]).toEqual(expected.targets);
    expect(rows.counts === null ? null : [...rows.counts]).toEqual(expected.counts);
  });
});

describe.each(['cpu', 'wasm'])('a literal <pad> in a target (%s)', (device) => {
  const UNK = 3;
  const source = Int32Array.of(40, 41, 42, EOS);
  let model: TranslationModel;
  beforeAll(async () => {
    await openDevice(device, { threads: 1 });
    model = referenceModel(referenceTask(), 'trained');
  });
  afterAll(() => model.dispose());

  /** log p of the target tokens that count, in one batch. */
  function logProbs(...targets: number[][]): number[] {
    const made = collate(
      targets.map((target, id) => ({ id, source, target: Int32Array.from(target) })),
      { padIndex: PAD, eosIndex: EOS },
    );
    let found: number[] = [];
    const criterion: Criterion = {
      paddingRows: 'drop',
      forward: ({ scores }) => {
        const { targetLogProb } = scores.statistics();
        found = [...targetLogProb.dataSync()];
        const loss = tf.sum(targetLogProb) as tf.Scalar;
        return { loss, sampleSize: found.length, ntokens: found.length } as never;
      },
    } as Criterion;
    tf.tidy(() => {
      batchLoss(model, criterion, made, { mode: EVALUATION, epoch: 1, ignorePrefixSize: 0 });
      return tf.zeros([0]);
    }).dispose();
    return found;
  }

  const expectClose = (actual: readonly number[], expected: readonly number[]): void => {
    expect(actual).toHaveLength(expected.length);
    for (const [at, value] of actual.entries()) expect(value).toBeCloseTo(expected[at]!, 4);
  };

  it('changes only the prediction that follows it', () => {
    const whole = logProbs([10, 11, 12, 13, EOS]);
    const padded = logProbs([10, 11, PAD, 12, 13, EOS]);
    expectClose([...padded.slice(0, 2), ...padded.slice(3)], [...whole.slice(0, 2), ...whole.slice(3)]);
    expect(padded[2]).not.toBeCloseTo(whole[2]!, 2);
  });

  it('may be first, last, alone or doubled, also next to sentences without one', () => {
    expect(logProbs([PAD, EOS])).toHaveLength(1);
    expectClose(logProbs([10, 11, EOS, PAD]), logProbs([10, 11, EOS]));
    const twice = [10, PAD, PAD, 12, EOS];
    expectClose(logProbs(twice), logProbs([10, PAD, 12, EOS]));
    expectClose(logProbs([PAD, 11, EOS], [20, 21, 22, 23, EOS], twice), [
      ...logProbs([PAD, 11, EOS]),
      ...logProbs([20, 21, 22, 23, EOS]),
      ...logProbs(twice),
    ]);
  });

  it('is the only special token that the loss ignores', () => {
    expect(logProbs([0, 10, EOS, UNK, 11, EOS])).toHaveLength(6);
  });
});
