import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nucleus, samplingStrategy } from '../../../src/search/strategies/sampling.js';
import { contextOf, rowsOf, stepOf } from './rows.js';

/** p of <s>, <pad>, </s>, <unk> and four words; padding is never drawn. */
const PROBABILITIES = [0, 0.2, 0.1, 0.05, 0.3, 0.25, 0.06, 0.04];
const LOG_PROBS = PROBABILITIES.map(Math.log);
const VOCAB = PROBABILITIES.length;
const DRAWS = 20_000;

/** How often each token is drawn in many first steps of one sentence. */
function frequencies(options: { samplingTopk?: number; samplingTopp?: number; seed?: number }): number[] {
  const counts = new Array<number>(VOCAB).fill(0);
  const context = contextOf({ beam: DRAWS, nbest: DRAWS, sampling: true, ...options }, VOCAB);
  const strategy = samplingStrategy(context);
  const { tokens } = strategy.choose(stepOf(0, rowsOf([LOG_PROBS], strategy.width), []));
  for (const token of tokens) counts[token]! += 1;
  return counts.map((count) => count / DRAWS);
}

/** The probabilities of some tokens, normalized. */
function among(tokens: readonly number[]): number[] {
  const total = tokens.reduce((sum, token) => sum + PROBABILITIES[token]!, 0);
  return PROBABILITIES.map((probability, token) => (tokens.includes(token) ? probability / total : 0));
}

describe('sampling', () => {
  it.each([
    ['from every token except padding', {}, [2, 3, 4, 5, 6, 7]],
    ['from the most likely tokens', { samplingTopk: 3 }, [2, 4, 5]],
    ['from the most likely tokens, at most all', { samplingTopk: 100 }, [2, 3, 4, 5, 6, 7]],
    ['from the smallest set of tokens whose probabilities reach the sum', { samplingTopp: 0.56 }, [2, 4, 5]],
    ['from one token for a small sum', { samplingTopp: 0.01 }, [4]],
    ['from every token if the sum is not reached', { samplingTopp: 1 }, [2, 3, 4, 5, 6, 7]],
  ])('draws %s by probability', (_, options, tokens) => {
    const drawn = frequencies(options);
    const expected = among(tokens);
    // Five standard deviations of a frequency.
    for (const [token, p] of expected.entries()) {
      expect(Math.abs(drawn[token]! - p), `token ${token}`).toBeLessThanOrEqual(5 * Math.sqrt((p * (1 - p)) / DRAWS));
    }
  });

  it('draws the same for the same seed, and differently for another', () => {
    expect(frequencies({ seed: 3 })).toEqual(frequencies({ seed: 3 }));
    expect(frequencies({ seed: 3 })).not.toEqual(frequencies({ seed: 4 }));
    expect(frequencies({ seed: 1 })).not.toEqual(frequencies({ seed: 1 + 2 ** 32 }));
  });

  it('continues every hypothesis by its own distribution; scores are log-probabilities, not renormalized', () => {
    const rows = [
      [-9, -9, -9, -9, -0.5, -9],
      [-9, -9, -9, -9, -9, -0.25],
    ];
    const strategy = samplingStrategy(contextOf({ beam: 2, nbest: 2, sampling: true, samplingTopk: 1 }, 6));
    const { beams, tokens, scores } = strategy.choose(stepOf(3, rowsOf(rows, strategy.width), [-1, -2]));
    expect([[...beams], [...tokens], [...scores]]).toEqual([
      [0, 1],
      [4, 5],
      [-1.5, -2.25],
    ]);
  });

  it('draws the same for a sentence at any position in the batch', () => {
    const draw = (ids: number[], sentence: number) => {
      const context = contextOf({ beam: 8, nbest: 8, sampling: true }, VOCAB, { ids: Int32Array.from(ids) });
      const strategy = samplingStrategy(context);
      return strategy.choose({ ...stepOf(0, rowsOf([LOG_PROBS], strategy.width), []), sentence });
    };
    expect(draw([5, 9], 1)).toEqual(draw([9], 0));
    expect(draw([5, 9], 0)).not.toEqual(draw([9], 0));
  });

  it('ends a hypothesis without possible continuations with score −∞', () => {
    const strategy = samplingStrategy(contextOf({ beam: 1, sampling: true }, 4));
    const nothing = [new Array<number>(4).fill(Number.NEGATIVE_INFINITY)];
    const { scores } = strategy.choose(stepOf(1, rowsOf(nothing, strategy.width), [0]));
    expect([...scores]).toEqual([Number.NEGATIVE_INFINITY]);
  });
});

describe('the nucleus', () => {
  it('reaches the sum, and does not without its least likely token', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 40 }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (weights, mass) => {
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          const logProbs = Float32Array.from(weights, (weight) => Math.log(weight / total));
          const { tokens } = nucleus(logProbs, mass);
          const chosen = Array.from(tokens, (token) => Math.exp(logProbs[token]!));
          const sum = chosen.reduce((a, b) => a + b, 0);
          expect(sum).toBeGreaterThanOrEqual(mass - 1e-6);
          expect(sum - Math.min(...chosen)).toBeLessThan(mass + 1e-6);
          const others = [...logProbs].filter((_, token) => !Array.from(tokens).includes(token));
          expect(Math.max(Number.NEGATIVE_INFINITY, ...others)).toBeLessThanOrEqual(
            Math.log(Math.min(...chosen)) + 1e-6,
          );
        },
      ),
    );
  });
});
