import { closeSync, existsSync, fstatSync, openSync, statSync } from 'node:fs';
import { UserError } from '../errors.js';
import { checkUnchanged, fileIdentity, type OpenFile, readExactly } from '../text/exact-reads.js';
import { type IdType, INDEX_HEADER_BYTES, INDEX_MAGIC, INDEX_VERSION, idTypeOf } from './index-format.js';
import type { SentenceStore } from './sentence-store.js';

const REBUILD = 'rebuild the data with ts-fairseq preprocess';
const RUN_AGAIN = 'run the command again, and do not write to data in use';

/** Whether both files of a dataset exist, PREFIX.idx and PREFIX.bin. */
export function indexedDatasetExists(prefix: string): boolean {
  return existsSync(`${prefix}.idx`) && existsSync(`${prefix}.bin`);
}

/** Whether at least one file of a dataset exists. */
export function indexedDatasetBegun(prefix: string): boolean {
  return existsSync(`${prefix}.idx`) || existsSync(`${prefix}.bin`);
}

/**
 * Opens fairseq's mmap dataset. Reads PREFIX.idx at once, and sentences of PREFIX.bin on demand.
 *
 * @param vocabularySize a sentence with an id of this size or above throws an error when it is read
 * @throws UserError naming the file that is missing, in another format or truncated
 */
export function openIndexedDataset(prefix: string, vocabularySize = Number.POSITIVE_INFINITY): SentenceStore {
  const [idx, path] = [`${prefix}.idx`, `${prefix}.bin`];
  const index = readIndex(idx);
  const file = openBin(path, index);
  let open = true;
  try {
    checkUnchanged(idx, index.identity, statSync(idx), RUN_AGAIN); // otherwise they may belong to different datasets
  } catch (error) {
    closeSync(file);
    throw error;
  }
  const identity = fileIdentity(fstatSync(file));
  return {
    sizes: index.sizes,
    sentence(at) {
      if (at < 0 || at >= index.sizes.length) {
        throw new RangeError(`sentence ${at} is out of range: ${prefix} has ${index.sizes.length}`);
      }
      const ids = readIds({ file, path, remedy: REBUILD }, index, at);
      const foreign = ids.find((id) => id < 0 || id >= vocabularySize);
      if (foreign === undefined) return ids;
      throw new UserError(
        `${prefix}.bin sentence ${at} has the id ${foreign}, but the dictionary has only ${vocabularySize} symbols`,
        'use the dictionary that the data was made with, or rebuild the data with ts-fairseq preprocess',
      );
    },
    checkUnchanged: () => checkUnchanged(path, identity, fstatSync(file), RUN_AGAIN),
    close() {
      if (open) closeSync(file);
      open = false;
    },
  };
}

interface Index {
  readonly identity: string; // of the .idx file
  readonly type: IdType;
  readonly sizes: Int32Array; // [sentences], in ids
  readonly offsets: Float64Array; // [sentences], in bytes from the start of the .bin
}

function readIndex(path: string): Index {
  const { bytes, identity } = readWhole(path);
  const type = readHeader(path, bytes);
  const count = Number(bytes.readBigUInt64LE(18));
  const needed = INDEX_HEADER_BYTES + 12 * count;
  if (bytes.length < needed) {
    throw new UserError(
      `${path} is truncated: ${count} sentences need ${needed} bytes, but it has ${bytes.length}`,
      REBUILD,
    );
  }
  const sizes = new Int32Array(count);
  const offsets = new Float64Array(count);
  const offsetsAt = INDEX_HEADER_BYTES + 4 * count;
  for (let at = 0; at < count; at++) {
    sizes[at] = bytes.readInt32LE(INDEX_HEADER_BYTES + 4 * at);
    offsets[at] = Number(bytes.readBigInt64LE(offsetsAt + 8 * at));
  }
  return { identity, type, sizes, offsets };
}

/** Checks the header and returns the id type. */
function readHeader(path: string, bytes: Buffer): IdType {
  const magic = bytes.toString('latin1', 0, INDEX_MAGIC.length);
  if (magic.startsWith('TNTIDX')) {
    throw new UserError(`${path} is in fairseq's older dataset format`, 'preprocess with --dataset-impl mmap');
  }
  if (!INDEX_MAGIC.startsWith(magic)) throw new UserError(`${path} is not an index of fairseq's mmap format`, REBUILD);
  if (bytes.length < INDEX_HEADER_BYTES) {
    throw new UserError(`${path} is truncated: it has ${bytes.length} bytes, fewer than its header`, REBUILD);
  }
  const version = bytes.readBigUInt64LE(9);
  if (version !== BigInt(INDEX_VERSION)) throw new UserError(`${path} has the unknown version ${version}`, REBUILD);
  const type = idTypeOf(bytes[17]!);
  if (type === undefined) throw new UserError(`${path} has the unknown id type ${bytes[17]}`, REBUILD);
  return type;
}

/** Opens the .bin file and checks that it contains every sentence. */
function openBin(path: string, { type, sizes, offsets }: Index): number {
  const file = attempt(path, () => openSync(path, 'r'));
  const { size: available } = fstatSync(file);
  for (const [at, size] of sizes.entries()) {
    const end = offsets[at]! + size * type.bytes;
    if (size >= 0 && offsets[at]! >= 0 && end <= available) continue;
    closeSync(file);
    throw new UserError(
      `${path} is truncated: sentence ${at} of ${sizes.length} ends at byte ${end}, but the file ends at byte ${available}`,
      REBUILD,
    );
  }
  return file;
}

function readIds(source: OpenFile, { type, sizes, offsets }: Index, at: number): Int32Array {
  const bytes = readExactly(source, offsets[at]!, sizes[at]! * type.bytes);
  const view = new DataView(bytes.buffer);
  const ids = new Int32Array(sizes[at]!);
  for (let position = 0; position < ids.length; position++) ids[position] = type.read(view, position * type.bytes);
  return ids;
}

function readWhole(path: string): { bytes: Buffer; identity: string } {
  const file = attempt(path, () => openSync(path, 'r'));
  try {
    const status = fstatSync(file);
    const bytes = Buffer.from(readExactly({ file, path, remedy: REBUILD }, 0, status.size).buffer);
    return { bytes, identity: fileIdentity(status) };
  } finally {
    closeSync(file);
  }
}

function attempt<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause)) throw cause;
    const problem = cause.code === 'ENOENT' ? `${path} is missing` : `${path} cannot be read (${cause.code})`;
    throw new UserError(problem, 'check the data folder, or make it with ts-fairseq preprocess', { cause });
  }
}
