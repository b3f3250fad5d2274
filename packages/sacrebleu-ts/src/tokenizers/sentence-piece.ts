import type { Tokenizer } from './tokenizer.js';

/**
 * A tokenizer of a SentencePiece model that is loaded elsewhere: sacrebleu's `flores101`, `flores200`, `spBLEU-1K`.
 * @param name stands in signatures after `tok:`
 * @param encode the pieces of a segment, as `SentencePieceProcessor.EncodeAsPieces` gives them
 */
export function sentencePieceTokenizer(name: string, encode: (segment: string) => readonly string[]): Tokenizer {
  return { name, tokenize: (segment) => encode(segment).join(' ') };
}
