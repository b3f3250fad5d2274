import { mergeBeams } from '../candidates.js';
import type { SearchStrategy, StrategyContext } from './strategy.js';

/** fairseq searches with diverse siblings if the diversity rate is above this. */
const NO_DIVERSITY = -1;

/**
 * Beam search. Examines the best 2·beam continuations, so that `beam` continue even if as many end. With
 * `--diversity-rate`, the rate times the rank among the continuations of a hypothesis is subtracted (diverse siblings,
 * Li et al. 2016).
 */
export function beamStrategy({ options, symbols }: StrategyContext): SearchStrategy {
  const { beam, diversityRate } = options;
  const { padIndex, vocab } = symbols;
  return {
    width: 2 * beam + 1, // one more than a sentence keeps, because the merge excludes padding
    readsVocabulary: false,
    choose: ({ step, rows, sentenceRows }) =>
      mergeBeams(rows, sentenceRows, {
        count: Math.min(2 * beam, sentenceRows.beams * vocab - 1),
        padIndex,
        diversityRate: step === 0 || diversityRate <= NO_DIVERSITY ? 0 : diversityRate,
      }),
  };
}
