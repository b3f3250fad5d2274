import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { repeatedNgramTokens } from '../../src/search/ngram-blocking.js';
import { repeatsNgram } from '../helpers/plain-beam-search.js';

describe('the tokens that would repeat an n-gram', () => {
  it.each([
    { tokens: [5, 6, 5], size: 2, banned: [6] },
    { tokens: [5, 5], size: 2, banned: [5] }, // the 2-gram that ends at the newest token
    { tokens: [5], size: 1, banned: [5] },
    { tokens: [5, 6, 7], size: 4, banned: [] },
    { tokens: [], size: 1, banned: [] },
  ])('after $tokens of size $size are $banned', ({ tokens, size, banned }) => {
    expect([...repeatedNgramTokens(Int32Array.from(tokens), size)]).toEqual(banned);
  });

  it('are those that repeat an n-gram, in any sequence without repetition', () => {
    const sequence = fc.array(fc.integer({ min: 4, max: 7 }), { maxLength: 10 });
    fc.assert(
      fc.property(sequence, fc.integer({ min: 1, max: 4 }), (tokens, size) => {
        fc.pre(!repeatsNgram(tokens, size));
        const repeating = [4, 5, 6, 7].filter((token) => repeatsNgram([...tokens, token], size));
        expect([...repeatedNgramTokens(Int32Array.from(tokens), size)].sort()).toEqual(repeating);
      }),
    );
  });
});
