import type { TextCodec } from '../codec.js';
import { SentencePiece } from './processor.js';

/**
 * A codec between text and the space-separated pieces of a model: fairseq's `--bpe sentencepiece`.
 * @throws UserError if the file cannot be read or is not a SentencePiece model
 */
export async function loadSentencePieceCodec(modelPath: string): Promise<TextCodec> {
  const model = await SentencePiece.load(modelPath);
  const encode = (line: string): string => model.encodeLine(line);
  return {
    encode,
    encodePhrase: encode,
    decode: (tokens) => tokens.replaceAll(' ', '').replaceAll('\u2581', ' ').trim(),
  };
}
