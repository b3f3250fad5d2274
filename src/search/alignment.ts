import type { Hypothesis } from './hypothesis.js';

/** Alignment of output tokens with source tokens. Positions count from 0 and exclude padding. */
export type Alignment =
  /**
   * For each output token except `</s>`, the source token with the most attention, excluding `</s>` and a literal
   * `<pad>`.
   */
  | { readonly kind: 'hard'; readonly pairs: ReadonlyArray<readonly [source: number, output: number]> }
  /** The attention itself, including `</s>` on both sides: [output] of [source]. */
  | { readonly kind: 'soft'; readonly weights: readonly Float32Array[] };

/**
 * Aligns an output with its source by the attention of the last layer, like fairseq. Returns null if the search kept no
 * attention.
 * @param source the ids of the sentence, terminated by `</s>`
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

/** The candidate with the most attention; among equals, the first. */
const strongest = (weights: Float32Array, candidates: readonly number[]): number =>
  candidates.reduce((best, position) => (weights[position]! > weights[best]! ? position : best));

/** Formats the value of an `A-id` line: `0-0 2-1 1-2`, or one comma-separated row of weights per output token. */
export function formatAlignment(alignment: Alignment): string {
  if (alignment.kind === 'hard') return alignment.pairs.map(([source, output]) => `${source}-${output}`).join(' ');
  return alignment.weights.map((row) => Array.from(row, (weight) => weight.toFixed(6)).join(',')).join(' ');
}
