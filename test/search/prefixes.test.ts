import { describe, expect, it } from 'vitest';
import { prefixesOf } from '../../src/search/prefixes.js';
import { collate } from '../../src/tasks/collate.js';

const [PAD, EOS] = [1, 2];

/** The prefixes of references, as lists without padding. */
function prefixes(size: number, references: readonly number[][], leftPadTarget = false): number[][] {
  const pairs = references.map((target, id) => ({
    id,
    source: Int32Array.of(9, EOS),
    target: Int32Array.from(target),
  }));
  const { tokens, length, lengths } = prefixesOf(collate(pairs, { padIndex: PAD, eosIndex: EOS, leftPadTarget }), size);
  return Array.from(lengths, (own, row) => {
    const all = [...tokens.subarray(row * length, (row + 1) * length)];
    expect(all.slice(own)).toEqual(new Array(length - own).fill(PAD));
    return all.slice(0, own);
  });
}

describe('the prefixes of references', () => {
  const references = [
    [10, 11, 12, EOS],
    [20, EOS],
  ];

  it.each([
    [1, [[10], [20]]],
    [
      2,
      [
        [10, 11],
        [20, EOS],
      ],
    ],
    [4, references], // the longest reference, including its </s>
    [9, references],
  ])('of %i tokens end with </s> where they cover the reference', (size, expected) => {
    expect(prefixes(size, references)).toEqual(expected);
    expect(prefixes(size, references, true)).toEqual(expected);
  });

  it('omit a literal <pad> and keep an </s> that is a word', () => {
    expect(
      prefixes(3, [
        [10, PAD, EOS, 11, EOS],
        [PAD, EOS],
      ]),
    ).toEqual([[10, EOS, 11], [EOS]]);
  });
});
