import type { Hypothesis } from './hypothesis.js';

/** Which source token each output token came from, or how much of each. Positions count from 0, padding left out. */
export type Alignment =
  /** The source token with the most attention, for every output token but `</s>`; never `</s>` or a literal `<pad>`. */
  | { readonly kind: 'hard'; readonly pairs: ReadonlyArray<readonly [source: number, output: number]> }
  /** The attention itself, `</s>` included on both sides: [output] of [source]. */
  | { readonly kind: 'soft'; readonly weights: readonly Float32Array[] };

/**
 * fairseq's alignment of an output with its source by the attention of the last layer; null where the search kept none.
 * @param source the sentence's ids, ended by `</s>`
 */
export function alignHypothesis(
  { tokens, attention }: Hypothesis,
  source: Int32Array,
  { padIndex, eosIndex }: { readonly padIndex: number; readonly eosIndex: number },
  kind: Alignment['kind'],
): Alignment | null {
  if (attention === null) return null;
  if (kind === 'soft') return { kind, weights: attention };
  const isWord = (token: number): boolean => token !== eosIndex && token !== padIndex;
  const candidates = [...source.keys()].filter((position) => isWord(source[position]!));
  if (candidates.length === 0) return { kind, pairs: [] };
  const pairs = [...tokens.keys()]
    .filter((position) => tokens[position] !== eosIndex)
    .map((position) => [strongest(attention[position]!, candidates), position] as const);
  return { kind, pairs };
}

/** The first of those with the most attention. */
const strongest = (weights: Float32Array, candidates: readonly number[]): number =>
  candidates.reduce((best, position) => (weights[position]! > weights[best]! ? position : best));

/** What follows `A-id`: `0-0 2-1 1-2`, or one comma-separated row of weights for each output token. */
export function formatAlignment(alignment: Alignment): string {
  if (alignment.kind === 'hard') return alignment.pairs.map(([source, output]) => `${source}-${output}`).join(' ');
  return alignment.weights.map((row) => Array.from(row, (weight) => weight.toFixed(6)).join(',')).join(' ');
}
