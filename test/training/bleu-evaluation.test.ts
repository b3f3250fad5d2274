import { localWorlds } from 'mpi-native/local';
import { expect, it, vi } from 'vitest';
import { alone, Workers } from '../../src/distributed/workers.js';
import { selectOptions } from '../../src/options/select.js';
import type { TranslationModel } from '../../src/plugins/model.js';
import { collate, type TranslationBatch } from '../../src/tasks/collate.js';
import { partsOfBatch, startBleuEvaluation } from '../../src/training/bleu-evaluation.js';
import { evaluationOptions } from '../../src/training/options.js';
import { goldenBatches, goldenTask } from './toy-trainer.js';

/** A search that returns the source, which equals the reference here. It records the number of sentences per call. */
const search = vi.hoisted(() => ({ beam: 1, longest: 9, sentences: [] as number[] }));
vi.mock('../../src/search/index.js', async (original) => ({
  ...(await original<typeof import('../../src/search/index.js')>()),
  SequenceGenerator: class {
    options = { beam: search.beam };
    longestOutput = (): number => search.longest;
    translate = async ({ batchSize, sourceLength, sourceTokens }: TranslationBatch) => {
      search.sentences.push(batchSize);
      return Array.from({ length: batchSize }, (_, row) => [
        { tokens: sourceTokens.subarray(row * sourceLength, (row + 1) * sourceLength) },
      ]);
    };
  },
}));

/** The BLEU of a batch of N copies of a sentence against itself. */
async function bleuOfItself(words: readonly number[], sentences = 1): Promise<number> {
  const { eosIndex } = goldenTask.targetDictionary;
  const target = Int32Array.of(...words, eosIndex);
  const batch = collate(
    Array.from({ length: sentences }, (_, id) => ({ id, source: target, target })),
    goldenTask.targetDictionary,
  );
  const evaluation = startBleuEvaluation(
    goldenTask,
    {} as TranslationModel,
    selectOptions(evaluationOptions, { evalBleu: true, evalTokenizedBleu: true }),
  )();
  await evaluation.add(batch);
  return evaluation.score(alone());
}

it('an unknown word in a translation does not match an unknown word in the reference', async () => {
  const words = [10, 11, 12, 13, 14, 15];
  expect(await bleuOfItself(words)).toBe(100);
  const { unkIndex } = goldenTask.targetDictionary;
  // 1- to 4-gram matches 5/6, 4/5, 3/4 and 2/3: their geometric mean.
  const expected = 100 * ((5 / 6) * (4 / 5) * (3 / 4) * (2 / 3)) ** (1 / 4);
  expect(await bleuOfItself([unkIndex, ...words.slice(1)])).toBeCloseTo(expected, 2);
});

it('several ranks have the score of all their batches', async () => {
  const start = startBleuEvaluation(
    goldenTask,
    {} as TranslationModel,
    selectOptions(evaluationOptions, { evalBleu: true, evalTokenizedBleu: true }),
  );
  const { unkIndex } = goldenTask.targetDictionary;
  const batches = [
    [10, 11, 12, 13, 14, 15],
    [unkIndex, 17, 18, 19, 20],
  ].map((words) => {
    const target = Int32Array.from([...words, goldenTask.targetDictionary.eosIndex]);
    return collate([{ id: 0, source: target, target }], goldenTask.targetDictionary);
  });
  const whole = start();
  for (const batch of batches) await whole.add(batch);
  const shared = localWorlds(2).map(async (world) => {
    const own = start();
    await own.add(batches[world.rank]!);
    return own.score(new Workers(world));
  });
  const score = await whole.score(alone());
  expect(score).toBeLessThan(100);
  expect(await Promise.all(shared)).toEqual([score, score]);
});

/** Keys and values of 16,384 positions take 384 MiB of a model with 6 layers, 512 wide. */
it.each([
  { what: 'short outputs at once', beam: 5, longest: 49, sentences: 40, parts: [40] },
  { what: 'long ones in parts', beam: 5, longest: 200, sentences: 40, parts: [16, 16, 8] },
  { what: 'the longest one by one', beam: 20, longest: 1023, sentences: 3, parts: [1, 1, 1] },
])(
  'a batch is searched with at most 16,384 positions of all hypotheses: $what',
  async ({ beam, longest, sentences, parts }) => {
    Object.assign(search, { beam, longest, sentences: [] });
    expect(await bleuOfItself([10, 11, 12, 13, 14, 15], sentences)).toBe(100);
    expect(search.sentences).toEqual(parts);
  },
);

it.each([1, 3, 1000])('parts of at most %i sentences add up to the batch, in order', (most) => {
  const [batch] = goldenBatches(1);
  const parts = partsOfBatch(batch!, most);
  expect(parts.every(({ batchSize }) => batchSize >= 1 && batchSize <= most)).toBe(true);
  expect(parts).toHaveLength(Math.ceil(batch!.batchSize / most));
  expect(parts.flatMap(({ ids }) => [...ids!])).toEqual([...batch!.ids]);
  expect(parts.flatMap(({ sourceTokens }) => [...sourceTokens])).toEqual([...batch!.sourceTokens]);
  expect(parts.flatMap(({ sourceLengths }) => [...sourceLengths])).toEqual([...batch!.sourceLengths]);
  expect(new Set(parts.map(({ sourceLength }) => sourceLength))).toEqual(new Set([batch!.sourceLength]));
});
