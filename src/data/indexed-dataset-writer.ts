import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { type IdType, INDEX_HEADER_BYTES, INDEX_MAGIC, INDEX_VERSION, idTypeFor } from './index-format.js';

const BUFFER_BYTES = 1 << 20;

export interface IndexedDatasetWriter {
  /** Appends one sentence; ids must be below the vocabulary's size. */
  add(ids: Int32Array): void;
  /** Writes the index and puts both files in their places. */
  finish(): void;
  /** Removes what was written. */
  discard(): void;
}

/**
 * Writes fairseq's mmap dataset, PREFIX.bin and PREFIX.idx, byte for byte. Sentences go to disk as they come; both
 * files appear under their names only when all is written.
 *
 * @param vocabularySize decides the type of the ids, null for data that are no ids of symbols (alignments)
 */
export function writeIndexedDataset(prefix: string, vocabularySize: number | null): IndexedDatasetWriter {
  const type = idTypeFor(vocabularySize);
  const paths = [`${prefix}.bin`, `${prefix}.idx`].map((path) => ({ path, temporary: `${path}.${process.pid}.tmp` }));
  const [bin, idx] = [paths[0]!.temporary, paths[1]!.temporary];
  const sizes: number[] = [];
  const ids = bufferedFile(bin);
  return {
    add(sentence) {
      sizes.push(sentence.length);
      ids.append(encodeIds(sentence, type));
    },
    finish() {
      ids.close();
      writeIndex(idx, sizes, type);
      for (const { path, temporary } of paths) renameSync(temporary, path);
    },
    discard() {
      ids.close();
      for (const { temporary } of paths) rmSync(temporary, { force: true });
    },
  };
}

function encodeIds(sentence: Int32Array, type: IdType): Uint8Array {
  const bytes = new Uint8Array(sentence.length * type.bytes);
  const view = new DataView(bytes.buffer);
  for (let position = 0; position < sentence.length; position++) {
    type.write(view, position * type.bytes, sentence[position]!);
  }
  return bytes;
}

function writeIndex(path: string, sizes: readonly number[], type: IdType): void {
  const header = Buffer.alloc(INDEX_HEADER_BYTES);
  header.write(INDEX_MAGIC, 'latin1');
  header.writeBigUInt64LE(BigInt(INDEX_VERSION), 9);
  header.writeUInt8(type.code, 17);
  header.writeBigUInt64LE(BigInt(sizes.length), 18);
  const file = bufferedFile(path);
  file.append(header);
  for (const size of sizes) file.append(int32(size));
  let offset = 0;
  for (const size of sizes) {
    file.append(int64(offset));
    offset += size * type.bytes;
  }
  file.close();
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return bytes;
}

/** Appends to a file through a buffer, so that short sentences do not cost a system call each. */
function bufferedFile(path: string): { append(bytes: Uint8Array): void; close(): void } {
  const file = openSync(path, 'w');
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let open = true;
  const flush = (): void => {
    const bytes = Buffer.concat(pending);
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
    pending = [];
    pendingBytes = 0;
  };
  return {
    append(bytes) {
      pending.push(bytes);
      pendingBytes += bytes.length;
      if (pendingBytes >= BUFFER_BYTES) flush();
    },
    close() {
      if (!open) return;
      open = false;
      flush();
      closeSync(file);
    },
  };
}
