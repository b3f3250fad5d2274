import { UserError } from '../errors.js';

/** Typed arrays by safetensors' names of their element types. */
const ARRAYS = {
  F64: Float64Array,
  F32: Float32Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U64: BigUint64Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

/** The element types that are read, by safetensors' names. */
export type Dtype = keyof typeof ARRAYS;

/** The elements of a tensor. */
export type TensorData =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | BigUint64Array
  | Uint32Array
  | Uint16Array
  | Uint8Array;

/** A tensor in host memory, row-major. */
export interface NamedTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: TensorData; // [∏ shape]
}

/** The position of a tensor in a file. */
export interface TensorEntry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number; // bytes from the end of the header
  readonly end: number;
}

/** The header of a safetensors file. */
export interface SafetensorsHeader {
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The number of bytes before the header, which are its length as a little-endian uint64. */
export const LENGTH_BYTES = 8;

/** The header's length is a multiple of this, so that tensors are aligned for every typed array. */
const ALIGNMENT = 8;

/** The format's limit of the header's length. */
export const MAX_HEADER_BYTES = 100_000_000;

/** The remedy for a damaged file. */
export const REMEDY = 'use another checkpoint, or save it again';

/** The size of one element in bytes. */
export function elementBytes(dtype: Dtype): number {
  return ARRAYS[dtype].BYTES_PER_ELEMENT;
}

/** A typed array of `dtype` over a whole buffer. */
export function tensorData(dtype: Dtype, buffer: ArrayBuffer): TensorData {
  return new ARRAYS[dtype](buffer);
}

/**
 * Encodes the header, preceded by its length, for tensors that follow one another in the order of the map.
 * @returns a multiple of 8 bytes
 */
export function encodeHeader(
  tensors: ReadonlyMap<string, NamedTensor>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  let end = 0;
  const entries = [...tensors].map(([name, { dtype, shape, data }]) => {
    const begin = end;
    end += data.byteLength;
    return [name, { dtype, shape, data_offsets: [begin, end] }];
  });
  const header = { __metadata__: metadata, ...Object.fromEntries(entries) };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(text.length / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, LENGTH_BYTES);
  return bytes;
}

/**
 * Parses and checks a header: types are known, sizes match the shapes, and tensors fill the file without gap or
 * overlap.
 * @param text the JSON after the length
 * @param dataBytes the number of bytes after the header
 * @param file its name, for messages
 * @throws UserError if the header is damaged
 */
export function decodeHeader(text: Uint8Array, dataBytes: number, file: string): SafetensorsHeader {
  const { __metadata__: metadata = {}, ...tensors } = parseObject(text, file);
  const entries = new Map(
    Object.entries(tensors).map(([name, entry]) => [name, checkEntry(name, entry, file)] as const),
  );
  checkCoverage(entries, dataBytes, file);
  return { entries, metadata: checkMetadata(metadata, file) };
}

function parseObject(text: Uint8Array, file: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
    if (isRecord(value)) return value;
  } catch (error) {
    throw new UserError(`the header of ${file} is damaged (not valid JSON)`, REMEDY, { cause: error });
  }
  throw new UserError(`the header of ${file} is damaged (not a JSON object)`, REMEDY);
}

function checkMetadata(metadata: unknown, file: string): Record<string, string> {
  if (isRecord(metadata) && Object.values(metadata).every((value) => typeof value === 'string')) {
    return metadata as Record<string, string>;
  }
  throw new UserError(`the metadata of ${file} is damaged (not a map of strings)`, REMEDY);
}

function checkEntry(name: string, entry: unknown, file: string): TensorEntry {
  const damaged = (what: string): UserError => new UserError(`the tensor ${name} in ${file} ${what}`, REMEDY);
  if (!isRecord(entry)) throw damaged('has no valid description');
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(ARRAYS, dtype)) {
    const known = Object.keys(ARRAYS).join(', ');
    throw new UserError(`the tensor ${name} in ${file} has the type ${String(dtype)}`, `convert it to one of ${known}`);
  }
  if (!isSizes(shape)) throw damaged('has no valid shape');
  if (!isSizes(offsets) || offsets.length !== 2) throw damaged('has no valid offsets');
  const [begin, end] = offsets as [number, number];
  const bytes = shape.reduce((product, size) => product * size, 1) * elementBytes(dtype as Dtype);
  if (end - begin !== bytes) {
    throw damaged(`has ${end - begin} bytes, but [${shape.join(', ')}] ${dtype} requires ${bytes}`);
  }
  return { dtype: dtype as Dtype, shape, begin, end };
}

function checkCoverage(entries: ReadonlyMap<string, TensorEntry>, dataBytes: number, file: string): void {
  let end = 0;
  for (const [name, entry] of [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)) {
    if (entry.begin !== end) {
      const what = entry.begin < end ? 'overlaps the previous tensor' : 'leaves a gap after the previous tensor';
      throw new UserError(`the tensor ${name} in ${file} ${what}`, REMEDY);
    }
    end = entry.end;
  }
  if (end > dataBytes) throw cutShort(file, `${dataBytes} of ${end} bytes of tensors`);
  if (end < dataBytes) throw new UserError(`${file} has ${dataBytes - end} bytes after its last tensor`, REMEDY);
}

/** The error for a truncated file. @param found e.g. `3 of 8 bytes` */
export function cutShort(file: string, found: string): UserError {
  return new UserError(`${file} is cut short: it has ${found}`, REMEDY);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
