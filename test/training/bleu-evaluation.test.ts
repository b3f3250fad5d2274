import { expect, it, vi } from 'vitest';
import { selectOptions } from '../../src/options/select.js';
import type { TranslationModel } from '../../src/plugins/model.js';
import type { TranslationBatch } from '../../src/tasks/collate.js';
import { startBleuEvaluation } from '../../src/training/bleu-evaluation.js';
import { evaluationOptions } from '../../src/training/options.js';
import { goldenTask } from './toy-trainer.js';

/** A search that finds the references themselves. */
vi.mock('../../src/generation/index.js', async (original) => ({
  ...(await original<typeof import('../../src/generation/index.js')>()),
  BeamSearch: class {
    translate = async ({ batchSize, target, targetLength }: TranslationBatch) =>
      Array.from({ length: batchSize }, (_, row) => [
        { tokens: target.slice(row * targetLength, (row + 1) * targetLength) },
      ]);
  },
}));

/** BLEU of one sentence against itself. */
async function bleuOfItself(words: readonly number[]): Promise<number> {
  const { eosIndex } = goldenTask.targetDictionary;
  const target = Int32Array.of(...words, eosIndex);
  const batch = { batchSize: 1, target, targetLength: target.length } as unknown as TranslationBatch;
  const evaluation = startBleuEvaluation(
    goldenTask,
    {} as TranslationModel,
    selectOptions(evaluationOptions, { evalBleu: true }),
  )();
  await evaluation.add(batch);
  return evaluation.score();
}

it('an unknown word of a translation matches no unknown word of the reference', async () => {
  const words = [10, 11, 12, 13, 14, 15];
  expect(await bleuOfItself(words)).toBe(100);
  const { unkIndex } = goldenTask.targetDictionary;
  // 1- to 4-gram matches 5/6, 4/5, 3/4 and 2/3: their geometric mean.
  const expected = 100 * ((5 / 6) * (4 / 5) * (3 / 4) * (2 / 3)) ** (1 / 4);
  expect(await bleuOfItself([unkIndex, ...words.slice(1)])).toBeCloseTo(expected, 2);
});
