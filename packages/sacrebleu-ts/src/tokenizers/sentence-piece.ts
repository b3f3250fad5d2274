import type { Tokenizer } from './tokenizer.js';

/**
 * A tokenizer with a SentencePiece model that the caller has loaded: sacrebleu's `flores101`, `flores200`, `spBLEU-1K`.
 * @param name the name in signatures, after `tok:`
 * @param encode returns the pieces of a segment, like `SentencePieceProcessor.EncodeAsPieces`
 */
export function sentencePieceTokenizer(name: string, encode: (segment: string) => readonly string[]): Tokenizer {
  return { name, tokenize: (segment) => encode(segment).join(' ') };
}
