import { describe, expect, it } from 'vitest';
import { collate } from '../../src/tasks/collate.js';
import { selectRows } from '../../src/training/batch-loss.js';

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
