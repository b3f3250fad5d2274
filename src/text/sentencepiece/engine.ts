/** An implementation of a SentencePiece model: the native add-on or WebAssembly. */
export interface Engine {
  encodePieces(text: string): string[];
  encodeIds(text: string): number[];
  /** The pieces, separated by spaces. */
  encodeLine(text: string): string;
  decodeLine(pieces: string): string;
  /** Decodes pieces. Pieces that are not in the vocabulary stay unchanged. */
  decodePieces(pieces: readonly string[]): string;
  /** @throws UserError if an id is not in the vocabulary */
  decodeIds(ids: readonly number[]): string;
}
