import type { Dictionary } from '../data/dictionary.js';
import * as tf from '../tf/index.js';
import type { HypothesisTree } from './hypothesis.js';
import { repeatedNgramTokens } from './ngram-blocking.js';
import type { SearchOptions } from './options.js';

/** Size and special tokens of the target dictionary. */
export interface Symbols {
  readonly vocab: number;
  readonly padIndex: number;
  readonly eosIndex: number;
  readonly unkIndex: number;
}

/** The size and special symbols of a target dictionary. */
export function symbolsOf({ size, padIndex, eosIndex, unkIndex }: Dictionary): Symbols {
  return { vocab: size, padIndex, eosIndex, unkIndex };
}

/** The properties of a step that restrict the next tokens. */
export interface ConstrainedStep {
  readonly step: number; // tokens decoded before it
  readonly isLast: boolean;
  readonly rows: number;
  /** [rows], the token that each row must take, or padding if the row is free; null if all rows are free. */
  readonly prefix: Int32Array | null;
  readonly tree: HypothesisTree;
}

const IMPOSSIBLE = Number.NEGATIVE_INFINITY;

/**
 * Rules out tokens by adding −∞ to their log p, and subtracts `--unkpen` from `<unk>`. `mergeBeams` excludes padding,
 * so that most steps need no addition.
 */
export function constrain(
  logProbs: tf.Tensor2D, // float32 [rows, vocab]
  step: ConstrainedStep,
  symbols: Symbols,
  options: SearchOptions,
): tf.Tensor2D {
  const penalties = vocabularyPenalties(step, symbols, options);
  const masks = [
    penalties === null ? null : tf.tensor1d(penalties),
    step.prefix === null ? null : prefixMask(step.prefix, symbols),
    options.noRepeatNgramSize > 0 ? ngramMask(step, options.noRepeatNgramSize, symbols) : null,
  ];
  return masks.reduce<tf.Tensor2D>((sum, mask) => (mask === null ? sum : tf.add(sum, mask)), logProbs);
}

/** Whether a step restricts every row in the same way. */
export const isSameForAllRows = ({ prefix }: ConstrainedStep, { noRepeatNgramSize }: SearchOptions): boolean =>
  prefix === null && noRepeatNgramSize === 0;

/** The penalties that apply to every row, to be added to log p: float32 [vocab]; null if there are none. */
export function vocabularyPenalties(
  { step, isLast, prefix }: ConstrainedStep,
  { vocab, eosIndex, unkIndex }: Symbols,
  { minLen, unkpen }: SearchOptions,
): Float32Array | null {
  const tooShort = step < minLen && prefix === null;
  if (!isLast && !tooShort && unkpen === 0) return null;
  const penalties = new Float32Array(vocab).fill(isLast ? IMPOSSIBLE : 0);
  penalties[unkIndex]! -= unkpen;
  penalties[eosIndex] = tooShort ? IMPOSSIBLE : 0;
  return penalties;
}

/** 0 for the token of the prefix and −∞ for the others; 0 everywhere in free rows: float32 [rows, vocab]. */
function prefixMask(prefix: Int32Array, { vocab, padIndex }: Symbols): tf.Tensor2D {
  const mask = new Float32Array(prefix.length * vocab);
  prefix.forEach((token, row) => {
    if (token === padIndex) return;
    mask.fill(IMPOSSIBLE, row * vocab, (row + 1) * vocab);
    mask[row * vocab + token] = 0;
  });
  return tf.tensor2d(mask, [prefix.length, vocab]);
}

/**
 * −∞ for every token that would repeat an n-gram: float32 [rows, vocab]. The tokens of a prefix are not chosen by the
 * search, so they may repeat n-grams.
 */
function ngramMask({ rows, tree, prefix }: ConstrainedStep, size: number, { vocab, padIndex }: Symbols): tf.Tensor2D {
  const mask = new Float32Array(rows * vocab);
  for (let row = 0; row < rows; row++) {
    if (prefix !== null && prefix[row] !== padIndex) continue;
    for (const token of repeatedNgramTokens(tree.tokens(row), size)) mask[row * vocab + token] = IMPOSSIBLE;
  }
  return tf.tensor2d(mask, [rows, vocab]);
}
