import { banToken, forceToken } from '../candidates.js';
import { beamStrategy } from './beam.js';
import type { SearchStrategy, StrategyContext } from './strategy.js';

/**
 * Beam search for outputs as long as their source (`--match-source-len`). `</s>` is ruled out before that length and
 * has probability 1 from then on. As in fairseq, the length of the source includes its `</s>`.
 */
export function matchSourceLengthStrategy(context: StrategyContext): SearchStrategy {
  const { sourceLengths, symbols } = context;
  const beams = beamStrategy(context);
  return {
    ...beams,
    width: beams.width + 1, // one more, because </s> is ruled out
    choose(step) {
      const { firstRow, beams: count } = step.sentenceRows;
      const place = step.step >= sourceLengths[step.sentence]! ? forceToken : banToken;
      for (let row = firstRow; row < firstRow + count; row++) place(step.rows, row, symbols.eosIndex);
      return beams.choose(step);
    },
  };
}
