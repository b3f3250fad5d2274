import { closeSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { INDEX_HEADER_BYTES, INDEX_MAGIC, INDEX_VERSION, idTypeFor, type WritableIdType } from './index-format.js';

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

function encodeIds(sentence: Int32Array, type: WritableIdType): Uint8Array {
  const bytes = new Uint8Array(sentence.length * type.bytes);
  const view = new DataView(bytes.buffer);
  for (let position = 0; position < sentence.length; position++) {
    type.write(view, position * type.bytes, sentence[position]!);
  }
  return bytes;
}

function writeIndex(path: string, sizes: readonly number[], type: WritableIdType): void {
  const bytes = Buffer.alloc(INDEX_HEADER_BYTES + 12 * sizes.length);
  bytes.write(INDEX_MAGIC, 'latin1');
  bytes.writeBigUInt64LE(BigInt(INDEX_VERSION), 9);
  bytes.writeUInt8(type.code, 17);
  bytes.writeBigUInt64LE(BigInt(sizes.length), 18);
  const offsetsAt = INDEX_HEADER_BYTES + 4 * sizes.length;
  let offset = 0;
  for (const [at, size] of sizes.entries()) {
    bytes.writeInt32LE(size, INDEX_HEADER_BYTES + 4 * at);
    bytes.writeBigInt64LE(BigInt(offset), offsetsAt + 8 * at);
    offset += size * type.bytes;
  }
  writeFileSync(path, bytes);
}

/** Appends to a file through a buffer, so that short sentences do not cost a system call each. */
function bufferedFile(path: string): { append(bytes: Uint8Array): void; close(): void } {
  const file = openSync(path, 'w');
  const buffer = Buffer.alloc(BUFFER_BYTES);
  let filled = 0;
  let open = true;
  const write = (bytes: Uint8Array): void => {
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
  };
  const flush = (): void => {
    write(buffer.subarray(0, filled));
    filled = 0;
  };
  return {
    append(bytes) {
      if (filled + bytes.length > BUFFER_BYTES) flush();
      if (bytes.length > BUFFER_BYTES) return write(bytes);
      buffer.set(bytes, filled);
      filled += bytes.length;
    },
    close() {
      if (!open) return;
      open = false;
      flush();
      closeSync(file);
    },
  };
}
