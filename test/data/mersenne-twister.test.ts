import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MersenneTwister } from '../../src/data/mersenne-twister.js';

interface NumpyCase {
  seed: number;
  permutation: number[];
  shuffle: number[];
  permutation1000: string;
}
const numpy = JSON.parse(readFileSync('test/golden/data/numpy-random.json', 'utf8')) as NumpyCase[];

describe('MersenneTwister', () => {
  it.each(numpy)(
    'draws what numpy.random draws after seed($seed)',
    ({ seed, permutation, shuffle, permutation1000 }) => {
      expect([...new MersenneTwister(seed).permutation(20)]).toEqual(permutation);
      expect(new MersenneTwister(seed).shuffle(Array.from({ length: 20 }, (_, index) => index))).toEqual(shuffle);
      const long = new MersenneTwister(seed).permutation(1000);
      expect(createHash('sha256').update(long).digest('hex')).toBe(permutation1000);
    },
  );

  it('starts with the published outputs for seed 5489', () => {
    const generator = new MersenneTwister(5489);
    expect([generator.nextUint32(), generator.nextUint32()]).toEqual([3499211612, 581869302]);
  });

  it.each([-1, 2 ** 32, 1.5])('refuses the seed %d', (seed) => {
    expect(() => new MersenneTwister(seed)).toThrow(RangeError);
  });
});
