import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orderedPhrases } from '../../../src/search/strategies/ordered-phrases.js';
import type { PhraseProgress } from '../../../src/search/strategies/phrase-progress.js';
import { unorderedPhrases } from '../../../src/search/strategies/unordered-phrases.js';

const phrasesOf = (phrases: readonly (readonly number[])[]) => phrases.map((phrase) => Int32Array.from(phrase));

const read = (start: PhraseProgress, tokens: readonly number[]): PhraseProgress =>
  tokens.reduce((progress, token) => progress.advance(token), start);

/** Describes a state in one line. */
const shown = ({ bank, isComplete, nextTokens }: PhraseProgress): string =>
  `${bank}${isComplete ? ' complete' : ''} next ${[...nextTokens].sort((a, b) => a - b).join(',')}`;

// Producer: fairseq (main, commit 3d262bb) token_generation_constraints.py, states after each token.
describe('ordered phrases', () => {
  const phrases = phrasesOf([[5, 6], [7]]);

  it.each([
    [[], '0 next 5'],
    [[5], '1 next 6'],
    [[5, 6], '2 next 5,7'],
    [[5, 9], '0 next 5'],
    [[5, 5], '1 next 6'],
    [[5, 6, 9, 9], '2 next 5,7'],
    [[7], '0 next 5'],
    [[5, 6, 7], '3 complete next 5'],
    [[5, 6, 7, 9], '3 complete next 5'],
  ])('after %j', (tokens, state) => {
    expect(shown(read(orderedPhrases(phrases), tokens))).toBe(state);
  });

  it('are complete from the start if there are none', () => {
    expect(shown(orderedPhrases([]))).toBe('0 complete next ');
  });
});

describe('unordered phrases', () => {
  const phrases = phrasesOf([[5, 6], [5, 6, 7], [8]]);

  it.each([
    [[], '0 next 5,8'],
    [[8], '1 next 5,8'],
    [[5, 6], '2 next 5,7,8'],
    [[5, 6, 9], '2 next 5,8'],
    [[5, 9], '0 next 5,8'],
    [[5, 6, 7, 5, 6], '5 next 5,7,8'],
    [[5, 6, 7, 5, 6, 8], '6 complete next 5,8'],
    [[8, 5, 6, 8, 5, 6, 7], '6 complete next 5,8'],
    [[8, 8], '1 next 5,8'],
  ])('after %j', (tokens, state) => {
    expect(shown(read(unorderedPhrases(phrases), tokens))).toBe(state);
  });

  it('are complete from the start if there are none', () => {
    expect(shown(unorderedPhrases([]))).toBe('0 complete next ');
  });
});

const tokens = fc.integer({ min: 4, max: 8 });
const somePhrases = fc.array(fc.array(tokens, { minLength: 1, maxLength: 3 }), { maxLength: 4 });

describe.each([
  ['ordered', orderedPhrases],
  ['unordered', unorderedPhrases],
] as const)('%s phrases', (_, start) => {
  it('in sequence are complete', () => {
    // Different first tokens: no phrase begins within another.
    const apart = fc.uniqueArray(fc.array(fc.integer({ min: 100, max: 900 }), { minLength: 1, maxLength: 3 }), {
      selector: ([first]) => first,
      maxLength: 4,
    });
    fc.assert(
      fc.property(apart, (phrases) => {
        const distinct = phrases.map((phrase, at) => phrase.map((token, place) => token * 100 + at * 10 + place));
        expect(read(start(phrasesOf(distinct)), distinct.flat()).isComplete).toBe(true);
      }),
    );
  });

  it('never match more tokens than they have, nor a token twice unnecessarily', () => {
    fc.assert(
      fc.property(somePhrases, fc.array(tokens, { maxLength: 30 }), (phrases, output) => {
        const progress = read(start(phrasesOf(phrases)), output);
        expect(progress.bank).toBeGreaterThanOrEqual(0);
        expect(progress.bank).toBeLessThanOrEqual(phrases.flat().length);
        if (progress.isComplete) expect(progress.bank).toBe(phrases.flat().length);
      }),
    );
  });
});
