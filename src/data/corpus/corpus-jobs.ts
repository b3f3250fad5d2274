import type { Dictionary } from '../dictionary.js';
import { loadDictionary } from '../dictionary-file.js';
import type { ByteRange } from './byte-range.js';
import { countTokens, type TokenCounts } from './count-tokens.js';
import { type EncodedPart, encodeText } from './encode-text.js';

/** A range of a text for a worker thread to encode. */
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

/** Does jobs; keeps every dictionary it has seen. */
export class CorpusJobs {
  readonly #dictionaries = new Map<string, Dictionary>();

  /**
   * @param onRead is told of every block of the text, by its length in bytes
   * @throws UserError if the text cannot be read or is not UTF-8
   */
  run(job: CorpusJob, onRead: (bytes: number) => void): TokenCounts | EncodedPart {
    if (job.kind === 'count') return countTokens(job.range, onRead);
    return encodeText(job.range, this.#dictionaryOf(job.dictionary), job.partPath, onRead);
  }

  /** Spares reading the file of a dictionary that is in memory. */
  know(path: string, dictionary: Dictionary): void {
    this.#dictionaries.set(path, dictionary);
  }

  #dictionaryOf(path: string): Dictionary {
    const dictionary = this.#dictionaries.get(path) ?? loadDictionary(path);
    this.#dictionaries.set(path, dictionary);
    return dictionary;
  }
}
