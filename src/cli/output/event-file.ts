import { closeSync, writeSync } from 'node:fs';
import { openNewFile } from '../../text/new-file.js';

/** The scalars of one step: one TensorBoard `Event`. */
export interface Scalars {
  readonly wallTime: number; // seconds since 1970
  readonly step: number;
  readonly values: ReadonlyArray<readonly [tag: string, value: number]>;
}

/** A TensorBoard event file: records that each contain an `Event` in protobuf's wire format. Every record is written at once. */
export class EventFile {
  readonly #file: number;

  /** Creates the file and writes the version of the format. @throws EEXIST if a file with this name exists */
  constructor(path: string, wallTime: number) {
    this.#file = openNewFile(path);
    this.#append(record(versionEvent(wallTime)));
  }

  add(scalars: Scalars): void {
    this.#append(record(scalarEvent(scalars)));
  }

  close(): void {
    closeSync(this.#file);
  }

  #append(bytes: Uint8Array): void {
    for (let written = 0; written < bytes.length; ) written += writeSync(this.#file, bytes, written);
  }
}

/**
 * A record of TFRecord files: length (uint64), its checksum, the bytes, their checksum; all little-endian.
 * https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
 */
function record(bytes: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([header, checksum(header), bytes, checksum(bytes)]);
}

function checksum(bytes: Uint8Array): Buffer {
  const crc = crc32c(bytes);
  const rotated = ((crc >>> 15) | (crc << 17)) >>> 0;
  const masked = Buffer.alloc(4);
  masked.writeUInt32LE((rotated + 0xa282ead8) % 2 ** 32);
  return masked;
}

/** One entry per byte value; Castagnoli's polynomial, reflected. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** CRC-32C (RFC 3720, appendix B.4). */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

// The field numbers are from event.proto and summary.proto.
const versionEvent = (wallTime: number): Buffer =>
  Buffer.concat([double(1, wallTime), delimited(3, Buffer.from('brain.Event:2'))]);

function scalarEvent({ wallTime, step, values }: Scalars): Buffer {
  const summary = values.map(([tag, value]) =>
    delimited(1, Buffer.concat([delimited(1, Buffer.from(tag)), float(2, value)])),
  );
  return Buffer.concat([double(1, wallTime), key(2, 0), varint(step), delimited(5, Buffer.concat(summary))]);
}

/** The prefix of a value: its field number and wire type (0: varint, 1: 64 bits, 2: length-delimited, 5: 32 bits). */
const key = (field: number, wireType: 0 | 1 | 2 | 5): Buffer => Buffer.from([(field << 3) | wireType]);

const delimited = (field: number, bytes: Buffer): Buffer => Buffer.concat([key(field, 2), varint(bytes.length), bytes]);

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

function double(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([key(field, 1), bytes]);
}

function float(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([key(field, 5), bytes]);
}
