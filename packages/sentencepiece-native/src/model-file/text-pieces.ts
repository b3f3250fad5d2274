import { PIECE_TYPES, readModelProto } from './model-proto.js';

/**
 * The pieces of text in a .model file, by id; null for control pieces and the piece for unknown characters.
 * @param file a model that `checkModel` accepts
 */
export function textPieces(file: Uint8Array): (string | null)[] {
  return readModelProto(file).pieces.map(({ text, type }) =>
    type === PIECE_TYPES.control || type === PIECE_TYPES.unknown ? null : Buffer.from(text).toString('utf8'),
  );
}
