import { closeSync, openSync, renameSync, rmSync } from 'node:fs';
import { readInto } from '../text/exact-reads.js';
import { BufferedFile } from './buffered-file.js';
import { type DatasetPart, idsFile, sizesFile, writeDatasetPart } from './dataset-part.js';
import { INDEX_HEADER_BYTES, INDEX_MAGIC, INDEX_VERSION, idTypeFor } from './index-format.js';

const CHUNK_BYTES = 1 << 18;

/** Writes a dataset sentence by sentence. */
export interface IndexedDatasetWriter {
  /** Appends a sentence; ids must be less than the vocabulary size. */
  add(ids: Int32Array): void;
  /** Writes the index and renames both files to their final names. */
  finish(): void;
  /** Removes what was written. */
  discard(): void;
}

/**
 * Writes fairseq's mmap dataset, PREFIX.bin and PREFIX.idx, byte for byte. Sentences and their sizes are written to
 * disk at once. The files get their final names only when all is written.
 *
 * @param vocabularySize decides the type of the ids; null for data other than ids of symbols (alignments)
 */
export function writeIndexedDataset(prefix: string, vocabularySize: number | null): IndexedDatasetWriter {
  const part = writeDatasetPart(`${prefix}.${process.pid}.tmp`, vocabularySize);
  return {
    add(sentence) {
      for (let position = 0; position < sentence.length; position++) part.put(sentence[position]!);
      part.endSentence();
    },
    finish: () => joinDatasetParts([part.finish()], prefix, vocabularySize),
    discard: () => part.discard(),
  };
}

/** Joins parts, in order, into PREFIX.bin and PREFIX.idx, and removes the files of the parts. */
export function joinDatasetParts(parts: readonly DatasetPart[], prefix: string, vocabularySize: number | null): void {
  const type = idTypeFor(vocabularySize);
  const idx = `${prefix}.idx.${process.pid}.tmp`;
  writeIndex(idx, parts, type);
  const [first, ...rest] = parts;
  if (rest.length > 0) {
    const joined = new BufferedFile(idsFile(first!.path), 'end');
    for (const { path, tokens } of rest) {
      forEachChunk(idsFile(path), tokens * type.bytes, (bytes) => joined.append(bytes));
    }
    joined.close();
  }
  renameSync(idsFile(first!.path), `${prefix}.bin`);
  renameSync(idx, `${prefix}.idx`);
  for (const { path } of parts) rmSync(sizesFile(path));
  for (const { path } of rest) rmSync(idsFile(path));
}

function writeIndex(path: string, parts: readonly DatasetPart[], type: { code: number; bytes: number }): void {
  const index = new BufferedFile(path);
  const header = Buffer.alloc(INDEX_HEADER_BYTES);
  header.write(INDEX_MAGIC, 'latin1');
  header.writeBigUInt64LE(BigInt(INDEX_VERSION), 9);
  header.writeUInt8(type.code, 17);
  header.writeBigUInt64LE(BigInt(parts.reduce((sum, { sentences }) => sum + sentences, 0)), 18);
  index.append(header);
  for (const { path, sentences } of parts) {
    forEachChunk(sizesFile(path), 4 * sentences, (sizes) => index.append(sizes));
  }
  let offset = 0;
  const offsets = Buffer.alloc(2 * CHUNK_BYTES);
  for (const part of parts) {
    forEachChunk(sizesFile(part.path), 4 * part.sentences, (sizes) => {
      for (let at = 0; at < sizes.length; at += 4) {
        offsets.writeUInt32LE(offset % 2 ** 32, 2 * at);
        offsets.writeUInt32LE(Math.floor(offset / 2 ** 32), 2 * at + 4);
        offset += sizes.readInt32LE(at) * type.bytes;
      }
      index.append(offsets.subarray(0, 2 * sizes.length));
    });
  }
  index.close();
}

/** Reads `length` bytes of a file in chunks. All chunks except the last have the same length, a multiple of 4. */
function forEachChunk(path: string, length: number, take: (bytes: Buffer) => void): void {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(CHUNK_BYTES);
    for (let position = 0; position < length; position += CHUNK_BYTES) {
      const chunk = buffer.subarray(0, length - position);
      readInto({ file, path, remedy: 'preprocess again' }, position, chunk);
      take(chunk);
    }
  } finally {
    closeSync(file);
  }
}
