import { rmSync } from 'node:fs';
import { BufferedFile } from './buffered-file.js';
import { idTypeFor } from './index-format.js';

/** Consecutive sentences of a dataset in two files: `PATH.ids` in the format of a `.bin`, and `PATH.sizes` in int32. */
export interface DatasetPart {
  readonly path: string;
  readonly sentences: number;
  readonly tokens: number;
}

/** Writes one part of a dataset. */
export interface DatasetPartWriter {
  put(id: number): void;
  endSentence(): void;
  finish(): DatasetPart;
  /** Removes what was written. */
  discard(): void;
}

/** The file with the ids of a part. */
export const idsFile = (path: string): string => `${path}.ids`;

/** The file with the sentence lengths of a part. */
export const sizesFile = (path: string): string => `${path}.sizes`;

/** @param vocabularySize decides the type of the ids; null for data other than ids of symbols (alignments) */
export function writeDatasetPart(path: string, vocabularySize: number | null): DatasetPartWriter {
  const { bytes } = idTypeFor(vocabularySize);
  const ids = new BufferedFile(idsFile(path));
  const sizes = new BufferedFile(sizesFile(path));
  let [sentences, tokens, sentenceStart] = [0, 0, 0];
  return {
    put(id) {
      ids.integer(id, bytes);
      tokens += 1;
    },
    endSentence() {
      sizes.integer(tokens - sentenceStart, 4);
      sentenceStart = tokens;
      sentences += 1;
    },
    finish() {
      ids.close();
      sizes.close();
      return { path, sentences, tokens };
    },
    discard() {
      ids.close();
      sizes.close();
      for (const file of [idsFile(path), sizesFile(path)]) rmSync(file, { force: true });
    },
  };
}
