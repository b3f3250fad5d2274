import type { Dictionary } from '../dictionary.js';
import { loadDictionary } from '../dictionary-file.js';
import type { ByteRange } from './byte-range.js';
import { countTokens, type TokenCounts } from './count-tokens.js';
import { type EncodedPart, encodeText } from './encode-text.js';

/** A range of a text for a worker thread to encode. */
export interface EncodeJob {
  readonly range: ByteRange;
  /** Path of the dictionary. */
  readonly dictionary: string;
  readonly partPath: string;
}

/** A job on a range of a text, as plain data that can be sent to a thread. */
export type CorpusJob =
  | { readonly kind: 'count'; readonly range: ByteRange }
  | ({ readonly kind: 'encode' } & EncodeJob);

/** Runs jobs, and caches dictionaries. */
export class CorpusJobs {
  readonly #dictionaries = new Map<string, Dictionary>();

  /**
   * @param onRead called with the length in bytes of every block read
   * @throws UserError if the text cannot be read or is not UTF-8
   */
  run(job: CorpusJob, onRead: (bytes: number) => void): TokenCounts | EncodedPart {
    if (job.kind === 'count') return countTokens(job.range, onRead);
    return encodeText(job.range, this.#dictionaryOf(job.dictionary), job.partPath, onRead);
  }

  /** Adds a dictionary to the cache, so that its file need not be read. */
  cacheDictionary(path: string, dictionary: Dictionary): void {
    this.#dictionaries.set(path, dictionary);
  }

  #dictionaryOf(path: string): Dictionary {
    const dictionary = this.#dictionaries.get(path) ?? loadDictionary(path);
    this.#dictionaries.set(path, dictionary);
    return dictionary;
  }
}
