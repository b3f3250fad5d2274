/** One field of a protobuf message; `start` and `end` bound its value in the file. */
export interface Field {
  readonly number: number;
  readonly type: WireType;
  readonly start: number;
  readonly end: number;
  /** The value of a varint; rounded above 2^53. */
  readonly value: number;
}

export type WireType = 'varint' | 'fixed64' | 'bytes' | 'fixed32';

/** Wire types by number. Groups (3 and 4) are obsolete and do not occur in models. */
const WIRE_TYPES: readonly (WireType | undefined)[] = ['varint', 'fixed64', 'bytes', undefined, undefined, 'fixed32'];

const FIXED_BYTES = { fixed64: 8, fixed32: 4 } as const;

/**
 * The fields of a message in protobuf's wire format (protobuf.dev/programming-guides/encoding).
 * @param start of the message in `file`, in bytes
 * @param end of the message
 * @throws Error if the bytes are not a message
 */
export function* fieldsOf(file: Uint8Array, start: number, end: number): Generator<Field, void> {
  let position = start;
  while (position < end) {
    const tag = readVarint(file, position, end);
    const number = Math.floor(tag.value / 8);
    const type = WIRE_TYPES[tag.value % 8];
    if (type === undefined || number === 0 || number > LARGEST_NUMBER)
      throw new Error(`byte ${position} does not start a field of a model`);
    const field = readField(file, number, type, tag.end, end);
    yield field;
    position = field.end;
  }
}

/** Tags have 32 bits, of which the type uses three; the library discards higher bits. */
const LARGEST_NUMBER = 2 ** 29 - 1;

function readField(file: Uint8Array, number: number, type: WireType, start: number, end: number): Field {
  if (type === 'varint') {
    const { value, end: after } = readVarint(file, start, end);
    return { number, type, start, end: after, value };
  }
  const prefix = type === 'bytes' ? readVarint(file, start, end) : { value: FIXED_BYTES[type], end: start };
  const after = prefix.end + prefix.value;
  if (after > end) throw new Error(`the field at byte ${start} is truncated`);
  return { number, type, start: prefix.end, end: after, value: 0 };
}

/** Seven bits per byte, the lowest first; the highest bit of the last byte is 0. */
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

/** The maximum number of bytes of a 64-bit varint. */
const LONGEST_VARINT = 10;
