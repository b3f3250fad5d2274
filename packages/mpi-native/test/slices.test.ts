import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { sliceOf } from '../src/slices.js';

describe('the slices of a vector', () => {
  it('cover it in rank order without gaps, and differ by one element at most', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 40), fc.integer({ min: 1, max: 200 }), (length, size) => {
        const slices = Array.from({ length: size }, (_, rank) => sliceOf(length, rank, size));
        const lengths = slices.map(({ from, to }) => to - from);
        expect(slices.map(({ from }) => from)).toEqual([0, ...slices.slice(0, -1).map(({ to }) => to)]);
        expect(slices.at(-1)!.to).toBe(length);
        expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
        expect(lengths).toEqual([...lengths].sort((a, b) => b - a));
      }),
    );
  });

  test.each([
    { length: -1, rank: 0, size: 1, says: 'a vector cannot have -1 elements' },
    { length: 1.5, rank: 0, size: 1, says: 'a vector cannot have 1.5 elements' },
    { length: 5, rank: 2, size: 2, says: '2 ranks have no rank 2' },
    { length: 5, rank: -1, size: 2, says: '2 ranks have no rank -1' },
    { length: 5, rank: 0, size: 0, says: 'there cannot be 0 ranks' },
  ])('of length $length, rank $rank of $size are refused', ({ length, rank, size, says }) => {
    expect(() => sliceOf(length, rank, size)).toThrow(new RangeError(says));
  });
});
