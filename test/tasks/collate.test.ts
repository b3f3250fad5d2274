import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collate, collateSource, type SentencePair } from '../../src/tasks/collate.js';

const PAD = 1;
const EOS = 2;
const padding = { padIndex: PAD, eosIndex: EOS };
const pair = (id: number, source: number[], target: number[] | null): SentencePair => ({
  id,
  source: Int32Array.from(source),
  target: target === null ? null : Int32Array.from(target),
});

const sentences = [pair(7, [4, 2], [5, 6, 2]), pair(3, [4, 5, 6, 2], [7, 2]), pair(9, [8, 2], [9, 2])];

describe('collate', () => {
  const batch = collate(sentences, padding);

  it('sorts sources by descending length and keeps the order of equal ones', () => {
    expect([...batch.ids]).toEqual([3, 7, 9]);
    expect([...batch.sourceLengths]).toEqual([4, 2, 2]);
    expect([batch.batchSize, batch.sourceLength, batch.sourceTokenCount]).toEqual([3, 4, 8]);
  });

  it('pads the source on the left', () => {
    expect([...batch.sourceTokens]).toEqual([4, 5, 6, 2, PAD, PAD, 4, 2, PAD, PAD, 8, 2]);
  });

  it('pads the target on the right and feeds it to the decoder with </s> in front', () => {
    expect([...batch.target]).toEqual([7, 2, PAD, 5, 6, 2, 9, 2, PAD]);
    expect([...batch.prevOutputTokens]).toEqual([2, 7, PAD, 2, 5, 6, 2, 9, PAD]);
    expect([...batch.targetLengths]).toEqual([2, 3, 2]);
    expect([batch.targetLength, batch.ntokens]).toEqual([3, 7]);
  });

  it('lists the rows that are not padding, with their targets', () => {
    expect([...batch.rowIndex]).toEqual([0, 1, 3, 4, 5, 6, 7]);
    expect([...batch.rowTargets]).toEqual([7, 2, 5, 6, 2, 9, 2]);
  });

  it('pads on the other sides if requested', () => {
    const other = collate(sentences.slice(0, 2), { ...padding, leftPadSource: false, leftPadTarget: true });
    expect([...other.sourceTokens]).toEqual([4, 5, 6, 2, 4, 2, PAD, PAD]);
    expect([...other.target]).toEqual([PAD, 7, 2, 5, 6, 2]);
    expect([...other.prevOutputTokens]).toEqual([PAD, 2, 7, 2, 5, 6]);
    expect([...other.rowIndex]).toEqual([1, 2, 3, 4, 5]);
  });

  it('keeps every sentence for all lengths', () => {
    const ids = fc.array(fc.integer({ min: 4, max: 99 }), { maxLength: 12 }).map((tokens) => [...tokens, EOS]);
    fc.assert(
      fc.property(fc.array(fc.tuple(ids, ids), { minLength: 1, maxLength: 10 }), (texts) => {
        const pairs = texts.map(([source, target], id) => pair(id, source, target));
        const made = collate(pairs, padding);
        for (const [row, id] of made.ids.entries()) {
          const source = made.sourceTokens.subarray(row * made.sourceLength, (row + 1) * made.sourceLength);
          const target = made.target.subarray(row * made.targetLength, (row + 1) * made.targetLength);
          expect([...source].filter((token) => token !== PAD)).toEqual(texts[id]![0]);
          expect([...target].filter((token) => token !== PAD)).toEqual(texts[id]![1]);
        }
        expect([...made.ids].sort((a, b) => a - b)).toEqual(pairs.map(({ id }) => id));
      }),
    );
  });
});

it('collate requires targets, collateSource does not', () => {
  const sources = [pair(0, [4, 2], null)];
  expect([...collateSource(sources, padding).sourceTokens]).toEqual([4, 2]);
  expect(() => collate(sources, padding)).toThrow('sentence 0 has no target');
});
