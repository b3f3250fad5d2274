import { banToken, forceToken } from '../candidates.js';
import { beamStrategy } from './beam.js';
import type { SearchStrategy, StrategyContext } from './strategy.js';

/**
 * Beam search of outputs as long as their source (`--match-source-len`): `</s>` is ruled out before, and has a
 * probability of one from then on. As in fairseq the source's own `</s>` counts as a token of its length.
 */
export function matchSourceLengthStrategy(context: StrategyContext): SearchStrategy {
  const { sourceLengths, symbols } = context;
  const beams = beamStrategy(context);
  return {
    ...beams,
    width: beams.width + 1, // for the </s> that is taken out
    choose(step) {
      const { firstRow, beams: count } = step.sentenceRows;
      const place = step.step >= sourceLengths[step.sentence]! ? forceToken : banToken;
      for (let row = firstRow; row < firstRow + count; row++) place(step.rows, row, symbols.eosIndex);
      return beams.choose(step);
    },
  };
}
