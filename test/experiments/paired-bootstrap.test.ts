import { describe, expect, it } from 'vitest';
import { MersenneTwister } from '../../src/data/mersenne-twister.js';
import { pairedBootstrap } from '../../src/experiments/paired-bootstrap.js';
import { weightedBleu } from '../../src/experiments/significance.js';

const SENTENCES = 80;

/** Statistics of sentences of which a share of the n-grams match. */
function statistics(share: number, seed: number): Uint16Array {
  const random = new MersenneTwister(seed);
  return Uint16Array.from(
    Array.from({ length: SENTENCES }, () => {
      const length = 10 + Math.floor(10 * random.random());
      const matches = [1, 2, 3, 4].map((order) =>
        Math.round((length - order) * (share + 0.1 * random.random()) ** order),
      );
      return [length, 15, ...matches];
    }).flat(),
  );
}

describe('pairedBootstrap', () => {
  const [better, worse] = [statistics(0.7, 1), statistics(0.5, 2)];
  const weights = new Uint16Array(SENTENCES).fill(1);

  it('gives the difference of BLEU, within its interval', () => {
    const { difference, interval } = pairedBootstrap(better, worse);
    expect(difference).toBeCloseTo(weightedBleu(better, weights) - weightedBleu(worse, weights), 12);
    expect(interval[0]).toBeLessThan(difference);
    expect(interval[1]).toBeGreaterThan(difference);
  });

  it('has the smallest p if no resample reaches twice the difference, and flips with the systems', () => {
    const [forth, back] = [pairedBootstrap(better, worse), pairedBootstrap(worse, better)];
    expect(forth.p).toBe(1 / 1001);
    expect(back.p).toBe(forth.p);
    expect(back.difference).toBe(-forth.difference);
  });

  it('finds nothing between systems that differ by chance', () => {
    expect(pairedBootstrap(statistics(0.6, 3), statistics(0.6, 4)).p).toBeGreaterThan(0.05);
  });

  it('draws the same resamples every time', () => {
    expect(pairedBootstrap(better, worse)).toEqual(pairedBootstrap(better, worse));
  });
});
