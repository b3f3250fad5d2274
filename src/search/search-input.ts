import type { SentencePhrases } from './strategies/strategy.js';

/** A batch of sentences to translate, padded on the left as in training. */
export interface SearchInput {
  readonly batchSize: number;
  readonly sourceLength: number; // including padding
  readonly sourceTokens: Int32Array; // [batch, source]
  readonly sourceLengths: Int32Array; // [batch], with </s>
  /** The tokens that each output must begin with, padded on the right; for --prefix-size. */
  readonly prefixTokens?: Prefixes;
  /** The position of each sentence in its corpus, which seeds sampling; default: its position in the batch. */
  readonly ids?: Int32Array; // [batch]
  /** The phrases that each output must contain, for --constraints. */
  readonly phrases?: readonly SentencePhrases[]; // [batch]
}

/** Prefixes of the outputs of a batch. */
export interface Prefixes {
  readonly tokens: Int32Array; // [batch, length]
  readonly length: number;
  readonly lengths: Int32Array; // [batch], tokens of each prefix, excluding padding
}
