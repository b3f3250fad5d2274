import type { Hypothesis } from './hypothesis.js';
import type { SearchInput } from './search-input.js';

/**
 * Which sentences are nothing but `</s>` and have no words that the output must hold. A model makes something up for them,
 * so they are not for it to translate: an empty line is an empty translation.
 * @returns the rows of the batch
 */
export function emptyRows({ batchSize, sourceLengths, prefixTokens, phrases }: SearchInput): ReadonlySet<number> {
  const rows = Array.from({ length: batchSize }, (_, row) => row);
  return new Set(
    rows.filter(
      (row) =>
        sourceLengths[row] === 1 && (prefixTokens?.lengths[row] ?? 0) === 0 && (phrases?.[row] ?? []).length === 0,
    ),
  );
}

/** `</s>` with certainty: log p = 0. */
export function emptyHypothesis(eosIndex: number, attention: boolean): Hypothesis {
  return {
    tokens: Int32Array.of(eosIndex),
    score: 0,
    tokenScores: Float32Array.of(0),
    attention: attention ? [Float32Array.of(1)] : null,
  };
}
