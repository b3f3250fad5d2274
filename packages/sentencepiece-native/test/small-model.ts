/** A piece of a model file as protobuf fields; undefined fields are omitted. */
export interface PieceParts {
  readonly text?: string | Uint8Array;
  readonly score?: number;
  readonly type?: number;
}

export interface ModelParts {
  readonly pieces?: readonly PieceParts[];
  /** Fields of the trainer's specification: `model_type` is 3, `byte_fallback` 35. */
  readonly trainer?: readonly Uint8Array[];
  /** Compiled rules of normalisation. */
  readonly characterMap?: Uint8Array;
  readonly decodingCharacterMap?: Uint8Array;
}

export const UNKNOWN: PieceParts = { text: '<unk>', type: 2 };
export const SOUND_PIECES: readonly PieceParts[] = [UNKNOWN, { text: 'a', score: -1 }, { text: '▁', score: -2 }];

/** The bytes of a .model file with these parts. */
export function modelFile({ pieces = SOUND_PIECES, trainer = [], ...maps }: ModelParts = {}): Buffer {
  const fields = pieces.map((piece) => bytesField(1, pieceMessage(piece)));
  if (trainer.length > 0) fields.push(bytesField(2, Buffer.concat(trainer)));
  if (maps.characterMap !== undefined) fields.push(bytesField(3, bytesField(2, maps.characterMap)));
  if (maps.decodingCharacterMap !== undefined) fields.push(bytesField(5, bytesField(2, maps.decodingCharacterMap)));
  return Buffer.concat(fields);
}

function pieceMessage({ text, score, type }: PieceParts): Buffer {
  const fields: Buffer[] = [];
  if (text !== undefined) fields.push(bytesField(1, Buffer.from(text as string)));
  if (score !== undefined) {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(score);
    fields.push(Buffer.concat([varint(2 * 8 + 5), bytes]));
  }
  if (type !== undefined) fields.push(varintField(3, type));
  return Buffer.concat(fields);
}

export const varintField = (number: number, value: number): Buffer =>
  Buffer.concat([varint(number * 8), varint(value)]);

export const bytesField = (number: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) + 0x80);
  return Buffer.from([...bytes, value]);
}

/** A unit of darts-clone's double array with a small offset. */
export const unit = (label: number, offset: number, hasValue = false): number =>
  offset * 0x400 + Number(hasValue) * 0x100 + label;

/** A unit that is the value of another. */
export const valueUnit = (value: number): number => 0x8000_0000 + value;

/** A compiled map of characters: a double array of 256 units or more, and the replacements. */
export function characterMap(units: Readonly<Record<number, number>>, replacements: string, size = 256): Buffer {
  const table = Buffer.alloc(4 + size * 4);
  table.writeUInt32LE(size * 4);
  // Unused positions match no byte.
  for (let id = 0; id < size; id++) table.writeUInt32LE(units[id] ?? valueUnit(0), 4 + id * 4);
  return Buffer.concat([table, Buffer.from(replacements)]);
}
