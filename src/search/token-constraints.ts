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

/** One step as far as it decides what may come next. */
export interface ConstrainedStep {
  readonly step: number; // tokens decoded before it
  readonly isLast: boolean;
  readonly rows: number;
  /** [rows], the token that each has to take, padding where it is free; null where all are free. */
  readonly prefix: Int32Array | null;
  readonly tree: HypothesisTree;
}

const IMPOSSIBLE = Number.NEGATIVE_INFINITY;

/**
 * Rules out what may not come next, by adding −∞ to its log p, and takes `--unkpen` off `<unk>`. Padding is left to the
 * merge of the candidates, so that most steps have nothing to add.
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

/** Whether a step rules out the same in every row. */
export const isAlikeInRows = ({ prefix }: ConstrainedStep, { noRepeatNgramSize }: SearchOptions): boolean =>
  prefix === null && noRepeatNgramSize === 0;

/** What holds for every row, to be added to log p: float32 [vocab]; null for nothing. */
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

/** 0 at the prefix's token and −∞ elsewhere, 0 all over in rows that are free: float32 [rows, vocab]. */
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
 * −∞ at every token that would complete an n-gram for the second time: float32 [rows, vocab]. What the search does not
 * choose it cannot avoid: the tokens of a prefix may repeat n-grams.
 */
function ngramMask({ rows, tree, prefix }: ConstrainedStep, size: number, { vocab, padIndex }: Symbols): tf.Tensor2D {
  const mask = new Float32Array(rows * vocab);
  for (let row = 0; row < rows; row++) {
    if (prefix !== null && prefix[row] !== padIndex) continue;
    for (const token of repeatedNgramTokens(tree.tokens(row), size)) mask[row * vocab + token] = IMPOSSIBLE;
  }
  return tf.tensor2d(mask, [rows, vocab]);
}
