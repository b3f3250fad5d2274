/** What stands behind a SentencePiece model: the add-on on the system's library, or WebAssembly. */
export interface Engine {
  encodePieces(text: string): string[];
  encodeIds(text: string): number[];
  /** The pieces with spaces between. */
  encodeLine(text: string): string;
  decodeLine(pieces: string): string;
  /** Pieces that the vocabulary lacks stay as they are. */
  decodePieces(pieces: readonly string[]): string;
  /** @throws UserError where an id is not in the vocabulary */
  decodeIds(ids: readonly number[]): string;
}
