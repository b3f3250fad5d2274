import { expect, it, vi } from 'vitest';
import { selectOptions } from '../../src/options/select.js';
import type { TranslationModel } from '../../src/plugins/model.js';
import { collate, type TranslationBatch } from '../../src/tasks/collate.js';
import { startBleuEvaluation } from '../../src/training/bleu-evaluation.js';
import { evaluationOptions } from '../../src/training/options.js';
import { goldenTask } from './toy-trainer.js';

/** A search that finds the source, here the same as the reference. */
vi.mock('../../src/generation/index.js', async (original) => ({
  ...(await original<typeof import('../../src/generation/index.js')>()),
  BeamSearch: class {
    options = { beam: 1 };
    longestOutput = (): number => 9;
    translate = async ({ sourceTokens }: TranslationBatch) => [[{ tokens: sourceTokens }]];
  },
}));

/** BLEU of one sentence against itself. */
async function bleuOfItself(words: readonly number[]): Promise<number> {
  const { eosIndex } = goldenTask.targetDictionary;
  const target = Int32Array.of(...words, eosIndex);
  const batch = collate([{ id: 0, source: target, target }], goldenTask.targetDictionary);
  const evaluation = startBleuEvaluation(
    goldenTask,
    {} as TranslationModel,
    selectOptions(evaluationOptions, { evalBleu: true, evalTokenizedBleu: true }),
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
