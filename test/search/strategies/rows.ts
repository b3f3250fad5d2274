import { selectOptions } from '../../../src/options/select.js';
import type { RowCandidates } from '../../../src/search/candidates.js';
import type { SearchOptions } from '../../../src/search/options.js';
import { searchOptions } from '../../../src/search/options.js';
import type { SentenceStep, StrategyContext } from '../../../src/search/strategies/strategy.js';

export const SYMBOLS = { padIndex: 1, eosIndex: 2, unkIndex: 3 };

/** A batch of one sentence. */
export function contextOf(
  options: Partial<SearchOptions>,
  vocab: number,
  more: Partial<StrategyContext> = {},
): StrategyContext {
  return {
    options: selectOptions(searchOptions, options),
    symbols: { ...SYMBOLS, vocab },
    sourceLengths: Int32Array.of(4),
    ids: Int32Array.of(0),
    phrases: null,
    ...more,
  };
}

/** Rows of log-probabilities as read from a device: the `width` most likely tokens, then the vocabulary. */
export function rowsOf(logProbs: readonly (readonly number[])[], width: number): RowCandidates {
  const vocabulary = logProbs[0]!.length;
  const rows = logProbs.map((row) => {
    const order = [...row.keys()].sort((a, b) => row[b]! - row[a]! || a - b).slice(0, width);
    return [...order.map((token) => row[token]!), ...order, ...row];
  });
  return {
    width: Math.min(width, vocabulary),
    stride: rows[0]!.length,
    table: Float32Array.from(rows.flat()),
    vocabulary,
  };
}

/** A step of the first sentence, to which all rows belong. */
export function stepOf(step: number, rows: RowCandidates, totals: readonly number[]): SentenceStep {
  const beams = step === 0 ? 1 : totals.length;
  return {
    sentence: 0,
    step,
    rows,
    sentenceRows: { firstRow: 0, beams, totals: step === 0 ? null : Float32Array.from(totals) },
  };
}
