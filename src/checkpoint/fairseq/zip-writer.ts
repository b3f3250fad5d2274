import { UserError } from '../../errors.js';
import { crc32 } from './crc32.js';

/** PyTorch aligns the bytes of tensors to this, so that they can be mapped into memory. */
const ALIGNMENT = 64;
const MAX_32 = 0xffffffff;
const MAX_16 = 0xffff;
/** 1980-01-01, so that equal checkpoints have equal bytes. */
const DATE = 0x21;

interface Written {
  readonly name: Uint8Array;
  readonly crc: number;
  readonly size: number;
  readonly offset: number;
}

/**
 * Yields the bytes of a zip archive of uncompressed entries; uses zip64 if it is larger than 4 GiB.
 * @throws UserError if an entry is 4 GiB or larger
 */
export function* zipChunks(entries: Iterable<readonly [name: string, bytes: Uint8Array]>): Generator<Uint8Array> {
  const written: Written[] = [];
  let offset = 0;
  for (const [text, bytes] of entries) {
    if (bytes.length >= MAX_32)
      throw new UserError(
        `${text} is 4 GiB or larger, which the .pt writer does not support`,
        "save the checkpoint in ts-fairseq's format",
      );
    const name = new TextEncoder().encode(text);
    const entry = { name, crc: crc32(bytes), size: bytes.length, offset };
    const header = localHeader(entry);
    written.push(entry);
    offset += header.length + bytes.length;
    yield header;
    yield bytes;
  }
  const directory = Buffer.concat(written.map(directoryEntry));
  yield directory;
  yield endOfArchive(written.length, directory.length, offset);
}

/** A local header, with a padding field that aligns the data as in PyTorch. */
function localHeader({ name, crc, size, offset }: Written): Uint8Array {
  const dataAt = offset + 30 + name.length + 4;
  const padding = (ALIGNMENT - (dataAt % ALIGNMENT)) % ALIGNMENT;
  const header = new Fields(30 + name.length + 4 + padding);
  header.u32(0x04034b50).u16(20).u16(0).u16(0).u16(0).u16(DATE).u32(crc).u32(size).u32(size);
  header
    .u16(name.length)
    .u16(4 + padding)
    .put(name);
  header.u16(0x4246).u16(padding).put(new Uint8Array(padding).fill(0x5a));
  return header.bytes;
}

function directoryEntry({ name, crc, size, offset }: Written): Uint8Array {
  const isFar = offset >= MAX_32;
  const extra = isFar ? 12 : 0;
  const entry = new Fields(46 + name.length + extra);
  entry
    .u32(0x02014b50)
    .u16(isFar ? 45 : 20)
    .u16(isFar ? 45 : 20)
    .u16(0)
    .u16(0)
    .u16(0)
    .u16(DATE);
  entry.u32(crc).u32(size).u32(size).u16(name.length).u16(extra).u16(0).u16(0).u16(0).u32(0);
  entry.u32(Math.min(offset, MAX_32)).put(name);
  if (isFar) entry.u16(1).u16(8).u64(offset);
  return entry.bytes;
}

function endOfArchive(count: number, directoryBytes: number, directoryAt: number): Uint8Array {
  const isLarge = count >= MAX_16 || directoryAt >= MAX_32 || directoryBytes >= MAX_32;
  const end = new Fields((isLarge ? 56 + 20 : 0) + 22);
  if (isLarge) {
    end.u32(0x06064b50).u64(44).u16(45).u16(45).u32(0).u32(0).u64(count).u64(count);
    end.u64(directoryBytes).u64(directoryAt);
    end
      .u32(0x07064b50)
      .u32(0)
      .u64(directoryAt + directoryBytes)
      .u32(1);
  }
  const count16 = Math.min(count, MAX_16);
  end.u32(0x06054b50).u16(0).u16(0).u16(count16).u16(count16);
  end.u32(Math.min(directoryBytes, MAX_32)).u32(Math.min(directoryAt, MAX_32)).u16(0);
  return end.bytes;
}

/** Writes consecutive little-endian fields. */
class Fields {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #at = 0;

  constructor(length: number) {
    this.bytes = new Uint8Array(length);
    this.#view = new DataView(this.bytes.buffer);
  }

  u16(value: number): this {
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
    return this;
  }

  u32(value: number): this {
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
    return this;
  }

  u64(value: number): this {
    this.#view.setBigUint64(this.#at, BigInt(value), true);
    this.#at += 8;
    return this;
  }

  put(bytes: Uint8Array): this {
    this.bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }
}
