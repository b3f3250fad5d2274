/** One field of a protobuf message; `start` and `end` bound its value in the file. */
export interface Field {
  readonly number: number;
  readonly type: WireType;
  readonly start: number;
  readonly end: number;
  /** Of a varint. Values above 2^53 are rounded. */
  readonly value: number;
}

export type WireType = 'varint' | 'fixed64' | 'bytes' | 'fixed32';

/** By their numbers in the encoding; groups (3 and 4) are out of use and stand in no model. */
const WIRE_TYPES: readonly (WireType | undefined)[] = ['varint', 'fixed64', 'bytes', undefined, undefined, 'fixed32'];

const FIXED_BYTES = { fixed64: 8, fixed32: 4 } as const;

/**
 * The fields of a message in protobuf's wire format (protobuf.dev/programming-guides/encoding).
 * @param start of the message in `file`, in bytes
 * @param end of the message
 * @throws Error where the bytes are not a message
 */
export function* fieldsOf(file: Uint8Array, start: number, end: number): Generator<Field, void> {
  let position = start;
  while (position < end) {
    const tag = readVarint(file, position, end);
    const number = Math.floor(tag.value / 8);
    const type = WIRE_TYPES[tag.value % 8];
    if (type === undefined || number === 0 || number > LARGEST_NUMBER)
      throw new Error(`byte ${position} starts no field of a model`);
    const field = readField(file, number, type, tag.end, end);
    yield field;
    position = field.end;
  }
}

/** Tags have 32 bits, the type three of them; the library cuts off what is above. */
const LARGEST_NUMBER = 2 ** 29 - 1;

function readField(file: Uint8Array, number: number, type: WireType, start: number, end: number): Field {
  if (type === 'varint') {
    const { value, end: after } = readVarint(file, start, end);
    return { number, type, start, end: after, value };
  }
  const prefix = type === 'bytes' ? readVarint(file, start, end) : { value: FIXED_BYTES[type], end: start };
  const after = prefix.end + prefix.value;
  if (after > end) throw new Error(`the field at byte ${start} is cut off`);
  return { number, type, start: prefix.end, end: after, value: 0 };
}

/** Seven bits a byte, the lowest first; the last byte has its highest bit clear. */
function readVarint(file: Uint8Array, start: number, end: number): { value: number; end: number } {
  let value = 0;
  let factor = 1;
  for (let position = start; position < Math.min(end, start + LONGEST_VARINT); position++) {
    const byte = file[position]!;
    value += (byte % 0x80) * factor;
    if (byte < 0x80) return { value, end: position + 1 };
    factor *= 0x80;
  }
  throw new Error(`the number at byte ${start} has no end`);
}

/** Bytes of 64 bits in groups of seven. */
const LONGEST_VARINT = 10;
