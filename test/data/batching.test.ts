import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchBySize, filterBySize, orderedIndices } from '../../src/data/batching.js';
import { makeBatches } from '../../src/data/make-batches.js';
import { UserError } from '../../src/errors.js';

const cut = (lengths: number[], maxTokens: number, maxSentences: number, requiredBatchSizeMultiple: number): number[] =>
  batchBySize(
    Int32Array.from(lengths, (_, index) => index),
    (index) => lengths[index]!,
    { maxTokens, maxSentences, requiredBatchSizeMultiple },
  ).map((batch) => batch.length);

describe('orderedIndices', () => {
  const sizes = { source: Int32Array.of(3, 2, 3, 2), target: Int32Array.of(5, 9, 4, 1) };

  it('sorts by source length, then by target length', () => {
    expect([...orderedIndices(sizes, null)]).toEqual([3, 1, 2, 0]);
  });

  it('keeps the order of the file among equals without a seed, and of a permutation with one', () => {
    const equal = { source: new Int32Array(5), target: null };
    expect([...orderedIndices(equal, null)]).toEqual([0, 1, 2, 3, 4]);
    // numpy.random.seed(1); numpy.random.permutation(5)
    expect([...orderedIndices(equal, 1)]).toEqual([2, 1, 4, 0, 3]);
  });
});

describe('batchBySize', () => {
  it.each([
    ['tokens include padding: the longest length times the sentences', [2, 2, 2, 5, 5], 10, 0, 1, [3, 2]],
    ['sentences alone may limit a batch', [1, 1, 1, 1, 1], 0, 2, 1, [2, 2, 1]],
    ['a full batch is reduced to the multiple and the rest starts the next', Array(11).fill(3), 30, 0, 8, [8, 3]],
    ['fewer sentences than the multiple may form a batch', Array(4).fill(10), 30, 0, 8, [3, 1]],
    [
      'a rest that is too long with the next sentence is a batch of its own',
      [...Array(10).fill(1), 8, 9],
      16,
      0,
      8,
      [8, 2, 1, 1],
    ],
    ['no sentence, no batch', [], 10, 0, 8, []],
  ])('%s', (_rule, lengths, maxTokens, maxSentences, multiple, expected) => {
    expect(cut(lengths, maxTokens, maxSentences, multiple)).toEqual(expected);
  });

  it('loses no sentence, keeps their order and never exceeds a limit', () => {
    const setting = fc.record({
      lengths: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 120 }),
      sorted: fc.boolean(),
      maxTokens: fc.constantFrom(0, 40, 64, 200),
      maxSentences: fc.constantFrom(0, 1, 7, 16),
      multiple: fc.constantFrom(1, 2, 8),
    });
    fc.assert(
      fc.property(setting, ({ lengths, sorted, maxTokens, maxSentences, multiple }) => {
        if (sorted) lengths.sort((a, b) => a - b);
        const indices = Int32Array.from(lengths, (_, index) => index);
        const limits = { maxTokens, maxSentences, requiredBatchSizeMultiple: multiple };
        const batches = batchBySize(indices, (index) => lengths[index]!, limits);
        expect(batches.flatMap((batch) => [...batch])).toEqual([...indices]);
        for (const batch of batches) {
          const longest = Math.max(...Array.from(batch, (index) => lengths[index]!));
          expect(batch.length).toBeGreaterThan(0);
          if (maxTokens > 0) expect(longest * batch.length).toBeLessThanOrEqual(maxTokens);
          if (maxSentences > 0) expect(batch.length).toBeLessThanOrEqual(maxSentences);
        }
      }),
    );
  });
});

describe('makeBatches', () => {
  const sizes = { source: Int32Array.of(3, 12, 4), target: Int32Array.of(3, 5, 20) };
  const make = (options: object) => makeBatches(sizes, { split: 'valid', seed: null, ...options });

  it.each([
    [
      { maxTokens: 15 },
      'the target of valid sentence 2 (line 3) has 20 tokens including </s>, more than --max-tokens 15; raise --max-tokens',
    ],
    [{ maxTokens: 11 }, 'the target of valid sentence 2 (line 3) has 20 tokens'],
    [
      { maxSentences: 4, maxPositions: { source: 10, target: 100 } },
      'the source of valid sentence 1 (line 2) has 12 tokens including </s>, more than --max-source-positions 10',
    ],
    [
      { maxTokens: 50, maxPositions: { source: 100, target: 19 } },
      'the target of valid sentence 2 (line 3) has 20 tokens including </s>, more than --max-target-positions 19',
    ],
  ])('a sentence that is too long for %j is an error that names it', (options, message) => {
    expect(() => make(options)).toThrow(UserError);
    expect(() => make(options)).toThrow(message);
  });

  it('skips long sentences if requested, and reports which', () => {
    const { batches, skipped } = make({ maxTokens: 11, skipInvalidSizes: true });
    expect(batches).toEqual([Int32Array.of(0)]);
    expect([...skipped].sort()).toEqual([1, 2]);
  });

  it('requires a batch size', () => {
    expect(() => make({})).toThrow('no batch size is given; add --max-tokens or --batch-size (or both)');
  });
});

it('filterBySize checks only sources if there are no targets', () => {
  const sizes = { source: Int32Array.of(3, 12), target: null };
  const { kept, tooLong } = filterBySize(Int32Array.of(0, 1), sizes, { source: 10, target: 1 });
  expect([[...kept], [...tooLong]]).toEqual([[0], [1]]);
});
