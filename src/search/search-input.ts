import type { SentencePhrases } from './strategies/strategy.js';

/** Sentences to translate, padded on the left as the model was trained. */
export interface SearchInput {
  readonly batchSize: number;
  readonly sourceLength: number; // of the padded axis
  readonly sourceTokens: Int32Array; // [batch, source]
  readonly sourceLengths: Int32Array; // [batch], with </s>
  /** The tokens that each output has to begin with, padded on the right; for --prefix-size. */
  readonly prefixTokens?: Prefixes;
  /** Where each sentence stands in its corpus, for the draws of sampling; without it, where it stands in the batch. */
  readonly ids?: Int32Array; // [batch]
  /** The phrases that each output has to hold, for --constraints. */
  readonly phrases?: readonly SentencePhrases[]; // [batch]
}

export interface Prefixes {
  readonly tokens: Int32Array; // [batch, length]
  readonly length: number;
  readonly lengths: Int32Array; // [batch], tokens of each prefix; padding follows them
}
