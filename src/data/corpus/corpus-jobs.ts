import type { Dictionary } from '../dictionary.js';
import { loadDictionary } from '../dictionary-file.js';
import type { ByteRange } from './byte-range.js';
import { countTokens, type TokenCounts } from './count-tokens.js';
import { type EncodedPart, encodeText, TokenEncoder } from './encode-text.js';

export interface EncodeJob {
  readonly range: ByteRange;
  /** The file of the dictionary. */
  readonly dictionary: string;
  readonly partPath: string;
}

/** What is done with a range of a text, here or in a thread: all of it is plain data. */
export type CorpusJob =
  | { readonly kind: 'count'; readonly range: ByteRange }
  | ({ readonly kind: 'encode' } & EncodeJob);

/** Does jobs; keeps the encoder of every dictionary it has seen. */
export class CorpusJobs {
  readonly #encoders = new Map<string, TokenEncoder>();

  /**
   * @param onRead is told of every block of the text, by its length in bytes
   * @throws UserError if the text cannot be read or is not UTF-8
   */
  run(job: CorpusJob, onRead: (bytes: number) => void): TokenCounts | EncodedPart {
    if (job.kind === 'count') return countTokens(job.range, onRead);
    return encodeText(job.range, this.#encoderOf(job.dictionary), job.partPath, onRead);
  }

  /** Spares reading the file of a dictionary that is in memory. */
  know(path: string, dictionary: Dictionary): void {
    this.#encoders.set(path, new TokenEncoder(dictionary));
  }

  #encoderOf(path: string): TokenEncoder {
    const encoder = this.#encoders.get(path) ?? new TokenEncoder(loadDictionary(path));
    this.#encoders.set(path, encoder);
    return encoder;
  }
}
