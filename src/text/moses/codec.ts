import type { TextCodec } from '../codec.js';
import { createMosesDetokenizer } from './detokenizer.js';
import { createMosesTokenizer } from './tokenizer.js';

/** Options of the Moses tokenizer and detokenizer of a language pair. */
export interface MosesCodecOptions {
  readonly sourceLanguage: string;
  readonly targetLanguage: string;
  /** Whether to split hyphens between words into `@-@`. */
  readonly aggressiveHyphens: boolean;
  /** Whether to write quotes, brackets and other special characters as entities. */
  readonly escape: boolean;
}

/** The Moses tokenizer for the source language and detokenizer for the target language. */
export function createMosesCodec(options: MosesCodecOptions): TextCodec {
  const { sourceLanguage, targetLanguage, ...tokenizing } = options;
  return {
    encode: createMosesTokenizer({ language: sourceLanguage, ...tokenizing }),
    encodePhrase: createMosesTokenizer({ language: targetLanguage, ...tokenizing }),
    decode: createMosesDetokenizer(targetLanguage),
  };
}
