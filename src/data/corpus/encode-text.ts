import { TokenTable } from '../../text/token-table.js';
import { type DatasetPart, writeDatasetPart } from '../dataset-part.js';
import type { Dictionary } from '../dictionary.js';
import { type ByteRange, readBlocks } from './byte-range.js';
import { scanTokens } from './scan-tokens.js';

const UNK = '<unk>';

/** A power of two, at least the room that a table has by itself. */
const roomFor = (tokens: number): number => 2 ** Math.max(11, Math.ceil(Math.log2(tokens)));

/** A dictionary looked up by the bytes of tokens. */
export class TokenEncoder {
  readonly eosIndex: number;
  readonly unkIndex: number;
  readonly size: number;
  readonly #table: TokenTable;
  /** The id of each entry of the table. */
  readonly #ids: Int32Array;
  readonly #unkEntry: number;

  constructor(dictionary: Dictionary) {
    this.size = dictionary.size;
    this.eosIndex = dictionary.eosIndex;
    this.unkIndex = dictionary.unkIndex;
    this.#ids = new Int32Array(dictionary.size);
    this.#table = new TokenTable(roomFor(dictionary.size));
    for (let index = 0; index < dictionary.size; index++) {
      this.#ids[this.#table.addText(dictionary.symbol(index))] = index; // a symbol written again has its last id
    }
    this.#unkEntry = this.#table.addText(UNK);
  }

  /** The id of a token; −1 if the dictionary lacks it. A literal `<unk>` is not lacking. */
  id(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const entry = this.#table.find(bytes, from, to, hash);
    if (entry < 0) return -1;
    const id = this.#ids[entry]!;
    return id === this.unkIndex && entry !== this.#unkEntry ? -1 : id;
  }
}

export interface EncodedPart extends DatasetPart {
  /** Tokens that the dictionary lacks. */
  readonly replaced: number;
}

/**
 * Writes the ids of a text, each line ended by `</s>`, as a part of a dataset.
 * @throws UserError if the text cannot be read or is not UTF-8
 */
export function encodeText(
  range: ByteRange,
  encoder: TokenEncoder,
  partPath: string,
  onRead: (bytes: number) => void = () => {},
): EncodedPart {
  const part = writeDatasetPart(partPath, encoder.size);
  let replaced = 0;
  const sink = {
    token(bytes: Uint8Array, from: number, to: number, hash: number): void {
      const id = encoder.id(bytes, from, to, hash);
      if (id < 0) replaced += 1;
      part.put(id < 0 ? encoder.unkIndex : id);
    },
    lineEnd(): void {
      part.put(encoder.eosIndex);
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
