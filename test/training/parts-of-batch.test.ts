import { expect, it } from 'vitest';
import { partsOfBatch } from '../../src/training/parts-of-batch.js';
import { goldenBatches } from './toy-trainer.js';

it.each([1, 3, 1000])('a batch in parts of at most %i sentences is the batch, in order', (most) => {
  const [batch] = goldenBatches(1);
  const parts = partsOfBatch(batch!, most);
  expect(parts.every(({ batchSize }) => batchSize >= 1 && batchSize <= most)).toBe(true);
  expect(parts).toHaveLength(Math.ceil(batch!.batchSize / most));
  expect(parts.flatMap(({ ids }) => [...ids!])).toEqual([...batch!.ids]);
  expect(parts.flatMap(({ sourceTokens }) => [...sourceTokens])).toEqual([...batch!.sourceTokens]);
  expect(parts.flatMap(({ sourceLengths }) => [...sourceLengths])).toEqual([...batch!.sourceLengths]);
  expect(new Set(parts.map(({ sourceLength }) => sourceLength))).toEqual(new Set([batch!.sourceLength]));
});
