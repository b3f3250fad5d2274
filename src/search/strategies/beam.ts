import { mergeBeams } from '../candidates.js';
import type { SearchStrategy, StrategyContext } from './strategy.js';

/** The diversity rate from which on fairseq's search is that of diverse siblings. */
const NO_DIVERSITY = -1;

/**
 * Beam search: the best 2·beam continuations, so that `beam` go on even where as many end. With `--diversity-rate` each
 * continuation of a hypothesis loses the rate times its rank among them (diverse siblings, Li et al. 2016).
 */
export function beamStrategy({ options, symbols }: StrategyContext): SearchStrategy {
  const { beam, diversityRate } = options;
  const { padIndex, vocab } = symbols;
  return {
    width: 2 * beam + 1, // one more than a sentence keeps, for the padding that the merge leaves out
    readsVocabulary: false,
    choose: ({ step, rows, sentenceRows }) =>
      mergeBeams(rows, sentenceRows, {
        count: Math.min(2 * beam, sentenceRows.beams * vocab - 1),
        padIndex,
        diversityRate: step === 0 || diversityRate <= NO_DIVERSITY ? 0 : diversityRate,
      }),
  };
}
