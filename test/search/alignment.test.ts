import { describe, expect, it } from 'vitest';
import { alignHypothesis, formatAlignment } from '../../src/search/alignment.js';
import type { Hypothesis } from '../../src/search/hypothesis.js';

const EOS = 2;
const SYMBOLS = { padIndex: 1, eosIndex: EOS };
const source = Int32Array.of(7, 8, EOS);

function hypothesis(attention: number[][] | null): Hypothesis {
  return {
    tokens: Int32Array.of(5, 6, EOS),
    score: 0,
    tokenScores: new Float32Array(3),
    attention: attention?.map((weights) => Float32Array.from(weights)) ?? null,
  };
}

const attention = [
  [0.125, 0.25, 0.625],
  [0.375, 0.375, 0.25],
  [0, 0, 1],
];

describe('an alignment', () => {
  it('takes the source token with the most attention, the first of equals, and never </s>', () => {
    expect(formatAlignment(alignHypothesis(hypothesis(attention), source, SYMBOLS, 'hard')!)).toBe('1-0 0-1');
  });

  it('is the attention itself, including </s>, if it is soft', () => {
    expect(formatAlignment(alignHypothesis(hypothesis(attention), source, SYMBOLS, 'soft')!)).toBe(
      '0.125000,0.250000,0.625000 0.375000,0.375000,0.250000 0.000000,0.000000,1.000000',
    );
  });

  it('is empty for an empty source', () => {
    const empty = alignHypothesis(hypothesis([[1], [1], [1]]), Int32Array.of(EOS), SYMBOLS, 'hard')!;
    expect(formatAlignment(empty)).toBe('');
  });

  it('is null if the search kept no attention', () => {
    expect(alignHypothesis(hypothesis(null), source, SYMBOLS, 'hard')).toBeNull();
  });
});
