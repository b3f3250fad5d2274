import { PIECE_TYPES, readModelProto } from './model-proto.js';

/**
 * The pieces of a .model file that stand for text, by id; null where one is control or stands for what is unknown.
 * @param file a model that `checkModel` finds sound
 */
export function textPieces(file: Uint8Array): (string | null)[] {
  return readModelProto(file).pieces.map(({ text, type }) =>
    type === PIECE_TYPES.control || type === PIECE_TYPES.unknown ? null : Buffer.from(text).toString('utf8'),
  );
}
