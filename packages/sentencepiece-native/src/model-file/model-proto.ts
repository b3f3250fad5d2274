import { type Field, fieldsOf, type WireType } from './wire-format.js';

/** The values of `ModelProto.SentencePiece.Type` in sentencepiece_model.proto. */
export const PIECE_TYPES = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

export interface Piece {
  readonly text: Uint8Array; // UTF-8
  readonly score: number;
  readonly type: number; // of PIECE_TYPES
}

/** The parts of a model file that the library relies on; the rest records the training. */
export interface ModelProto {
  readonly pieces: readonly Piece[];
  readonly modelType: number; // 1 to 4: unigram, bpe, word, char
  readonly byteFallback: boolean;
  /** Precompiled rules of normalisation and denormalisation; empty if there are none. */
  readonly characterMap: Uint8Array;
  readonly decodingCharacterMap: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/**
 * Parses a .model file: the message `ModelProto` of sentencepiece_model.proto. As in protobuf, the last of several values
 * of a field is used, and unknown fields are skipped.
 * @throws Error if the bytes are not such a message
 */
export function readModelProto(file: Uint8Array): ModelProto {
  const pieces: Piece[] = [];
  const trainer = { modelType: 1, byteFallback: false };
  let characterMap: Uint8Array = NOTHING;
  let decodingCharacterMap: Uint8Array = NOTHING;
  for (const field of fieldsOf(file, 0, file.length)) {
    if (field.number > LAST_FIELD) continue;
    expectType(field, 'bytes');
    if (field.number === 1) pieces.push(readPiece(file, field, pieces.length));
    if (field.number === 2) readTrainerSpec(file, field, trainer);
    if (field.number === 3) characterMap = readCharacterMap(file, field) ?? characterMap;
    if (field.number === 5) decodingCharacterMap = readCharacterMap(file, field) ?? decodingCharacterMap;
  }
  return { pieces, ...trainer, characterMap, decodingCharacterMap };
}

/** Fields of `ModelProto`: the pieces, the specifications of trainer, normaliser and denormaliser, and self-test data. */
const LAST_FIELD = 5;

function readPiece(file: Uint8Array, { start, end }: Field, index: number): Piece {
  let text: Uint8Array = NOTHING;
  let score = 0;
  let type: number = PIECE_TYPES.normal;
  try {
    for (const field of fieldsOf(file, start, end)) {
      if (field.number === 1) text = bytesOf(file, expectType(field, 'bytes'));
      if (field.number === 2) score = floatAt(file, expectType(field, 'fixed32').start);
      if (field.number === 3) type = expectType(field, 'varint').value;
    }
  } catch (error) {
    throw new Error(`piece ${index}: ${(error as Error).message}`);
  }
  return { text, score, type };
}

function readTrainerSpec(
  file: Uint8Array,
  { start, end }: Field,
  trainer: { modelType: number; byteFallback: boolean },
): void {
  for (const field of fieldsOf(file, start, end)) {
    if (field.number === 3) trainer.modelType = expectType(field, 'varint').value;
    if (field.number === 35) trainer.byteFallback = expectType(field, 'varint').value !== 0;
  }
}

function readCharacterMap(file: Uint8Array, { start, end }: Field): Uint8Array | undefined {
  let map: Uint8Array | undefined;
  for (const field of fieldsOf(file, start, end)) {
    if (field.number === 2) map = bytesOf(file, expectType(field, 'bytes'));
  }
  return map;
}

const bytesOf = (file: Uint8Array, { start, end }: Field): Uint8Array => file.subarray(start, end);

const floatAt = (file: Uint8Array, position: number): number =>
  new DataView(file.buffer, file.byteOffset + position, 4).getFloat32(0, true);

/** Refuses a field with a wrong type; the library would skip it and use the default. */
function expectType(field: Field, type: WireType): Field {
  if (field.type === type) return field;
  throw new Error(`the field at byte ${field.start} has the wrong type`);
}
