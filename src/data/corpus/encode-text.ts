import { type DatasetPart, writeDatasetPart } from '../dataset-part.js';
import type { Dictionary } from '../dictionary.js';
import { type ByteRange, readBlocks } from './byte-range.js';
import { scanTokens } from './scan-tokens.js';

/** A part of a dataset that was encoded with a dictionary. */
export interface EncodedPart extends DatasetPart {
  /** Tokens that the dictionary lacks. */
  readonly replaced: number;
}

/**
 * Writes the ids of a text as part of a dataset, with `</s>` after each line.
 * @throws UserError if the text cannot be read or is not UTF-8
 */
export function encodeText(
  range: ByteRange,
  dictionary: Dictionary,
  partPath: string,
  onRead: (bytes: number) => void = () => {},
): EncodedPart {
  const part = writeDatasetPart(partPath, dictionary.size);
  let replaced = 0;
  const sink = {
    token(bytes: Uint8Array, from: number, to: number, hash: number): void {
      const id = dictionary.find(bytes, from, to, hash);
      if (id < 0) replaced += 1;
      part.put(id < 0 ? dictionary.unkIndex : id);
    },
    lineEnd(): void {
      part.put(dictionary.eosIndex);
      part.endSentence();
    },
  };
  try {
    readBlocks(range, (block) => {
      scanTokens(block, block.length, sink);
      onRead(block.length);
    });
    return { ...part.finish(), replaced };
  } catch (error) {
    part.discard();
    throw error;
  }
}
