import type { TextCodec } from '../codec.js';
import { createMosesDetokenizer } from './detokenizer.js';
import { createMosesTokenizer } from './tokenizer.js';

/** Options of the Moses tokenizer and detokenizer of a language pair. */
export interface MosesCodecOptions {
  readonly sourceLanguage: string;
  readonly targetLanguage: string;
  /** Splits hyphens between words into `@-@`. */
  readonly aggressiveHyphens: boolean;
  /** Writes quotes, brackets and the like as entities. */
  readonly escape: boolean;
}

/** Moses's tokenizer of the source language and its detokenizer of the target language. */
export function createMosesCodec(options: MosesCodecOptions): TextCodec {
  const { sourceLanguage, targetLanguage, ...tokenizing } = options;
  return {
    encode: createMosesTokenizer({ language: sourceLanguage, ...tokenizing }),
    decode: createMosesDetokenizer(targetLanguage),
  };
}
