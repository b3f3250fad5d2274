import type { Hypothesis } from './hypothesis.js';
import type { SearchInput } from './search-input.js';

/**
 * Finds sentences that consist only of `</s>` and whose output need not contain anything. A model would invent an
 * output for them, but the translation of an empty line is empty.
 * @returns their rows in the batch
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

/** The hypothesis `</s>` with probability 1, so log p = 0. */
export function emptyHypothesis(eosIndex: number, attention: boolean): Hypothesis {
  return {
    tokens: Int32Array.of(eosIndex),
    score: 0,
    tokenScores: Float32Array.of(0),
    attention: attention ? [Float32Array.of(1)] : null,
  };
}
