import { checkModel, isAvailable, type Model, textPieces } from 'sentencepiece-native';
import { UserError } from '../../errors.js';
import { compareCodePoints } from '../code-points.js';
import { readWhole } from '../exact-reads.js';
import type { Engine } from './engine.js';
import { reasonOf, refusals, requireNative } from './native.js';
import { loadWasmEngine } from './wasm-engine.js';

/** How SentencePiece samples a segmentation. */
export interface SamplingOptions {
  /** Unigram models: the number of best segmentations to draw from; negative: all. */
  readonly nBestSize: number;
  /** Unigram models: probabilities are ∝ p^alpha. BPE models: the probability of skipping a merge. */
  readonly alpha: number;
}

/** The maximum length of an n-best list in the library. */
export const MOST_N_BEST = 512;

/** A SentencePiece model: text to pieces (with `▁` for a space) or ids, and back. */
export class SentencePiece {
  private constructor(
    private readonly path: string,
    private readonly bytes: Uint8Array,
    private readonly engine: Engine,
    private readonly native: Model | null,
  ) {}

  /**
   * Loads a model.
   * @param engine `native` is the add-on for the system's library, `wasm` the npm package sentencepiece-js. Default:
   *   the add-on if it is built. Both give the same pieces. Sampling and n-best lists require the add-on.
   * @throws UserError if the file cannot be read, is not a valid SentencePiece model, or the add-on is not available
   */
  static async load(path: string, engine?: 'native' | 'wasm'): Promise<SentencePiece> {
    const bytes = readWhole(path);
    if (engine === 'wasm' || (engine === undefined && !isAvailable().available)) {
      asModel(path, () => checkModel(bytes));
      return new SentencePiece(path, bytes, await loadWasmEngine(path), null);
    }
    const { Model } = requireNative('this engine');
    const native = asModel(path, () => new Model(bytes));
    return new SentencePiece(path, bytes, native, native);
  }

  /**
   * @throws UserError, like the other encoding methods, if the model is damaged in a way that only this text reveals
   */
  encodePieces(text: string): string[] {
    return this.#encode((engine) => engine.encodePieces(text));
  }

  /** The ids of the pieces of a text. */
  encodeIds(text: string): number[] {
    return this.#encode((engine) => engine.encodeIds(text));
  }

  /** The pieces, separated by spaces. */
  encodeLine(text: string): string {
    return this.#encode((engine) => engine.encodeLine(text));
  }

  /** Decodes space-separated pieces. */
  decodeLine(pieces: string): string {
    return this.#decode((engine) => engine.decodeLine(pieces));
  }

  /** The text of pieces. */
  decodePieces(pieces: readonly string[]): string {
    return this.#decode((engine) => engine.decodePieces(pieces));
  }

  /** @throws UserError if an id is not in the vocabulary */
  decodeIds(ids: readonly number[]): string {
    return this.#decode((engine) => engine.decodeIds(ids));
  }

  /** Draws a segmentation; `seedSampling` makes draws reproducible. @throws UserError without the add-on */
  samplePieces(text: string, { nBestSize, alpha }: SamplingOptions): string[] {
    return this.#withNative('sampling', (model) => model.samplePieces(text, nBestSize, alpha));
  }

  /** Like `samplePieces`, as ids. */
  sampleIds(text: string, { nBestSize, alpha }: SamplingOptions): number[] {
    return this.#withNative('sampling', (model) => model.sampleIds(text, nBestSize, alpha));
  }

  /** The best segmentations of a unigram model, best first. @throws UserError for other models or without the add-on */
  nBestPieces(text: string, size: number): string[][] {
    return this.#withNative('an n-best list', (model) => model.nBestPieces(text, size));
  }

  /** Like `nBestPieces`, as ids. */
  nBestIds(text: string, size: number): number[][] {
    return this.#withNative('an n-best list', (model) => model.nBestIds(text, size));
  }

  /**
   * Restricts encoding to these pieces, single characters, symbols and unknown pieces.
   * @throws UserError for a model of words or characters, or without the add-on
   */
  restrictVocabulary(pieces: readonly string[]): void {
    const remedy = 'use a model of type unigram or bpe';
    this.#withNative('a restricted vocabulary', (model) => model.restrictVocabulary(pieces), remedy);
  }

  /**
   * Sets options for all segmentations except samples and n-best lists: `reverse`, `bos`, `eos` and `unk` (writes
   * unknown pieces as `<unk>`), separated by colons.
   * @throws UserError for an unknown option, for a piece that the model lacks, or without the add-on
   */
  setEncodeOptions(options: string): void {
    this.#withNative(`the extra options ${options}`, (model) => model.setEncodeOptions(options), EXTRA_OPTIONS);
  }

  /** Sets the same options for pieces before they are decoded. */
  setDecodeOptions(options: string): void {
    this.#withNative(`the extra options ${options}`, (model) => model.setDecodeOptions(options), EXTRA_OPTIONS);
  }

  /**
   * Counts the pieces of lines, sorted by descending count, then by code point. Unknown pieces are excluded.
   * @throws UserError if the model is damaged in a way that only these lines reveal
   */
  countPieces(lines: Iterable<string>): [piece: string, count: number][] {
    const pieces = textPieces(this.bytes);
    const counts = pieces.map(() => 0);
    for (const line of lines) for (const id of this.encodeIds(line)) counts[id]! += 1;
    const seen = pieces.flatMap((piece, id): [string, number][] =>
      piece === null || counts[id] === 0 ? [] : [[piece, counts[id]!]],
    );
    return seen.sort(([a, countA], [b, countB]) => countB - countA || compareCodePoints(a, b));
  }

  #encode<T>(operation: (engine: Engine) => T): T {
    return refusals(`${this.path} cannot encode a text`, DAMAGED, () => operation(this.engine));
  }

  #decode<T>(operation: (engine: Engine) => T): T {
    return refusals('SentencePiece', 'decode with the model that the text was encoded with', () =>
      operation(this.engine),
    );
  }

  #withNative<T>(what: string, operation: (model: Model) => T, remedy: Remedy = remedyOf): T {
    if (this.native === null) requireNative(what);
    const { native } = this;
    if (native === null) throw new UserError(`${what} requires the add-on`, "load the model without the engine 'wasm'");
    return refusals(`${this.path} does not support ${what}`, remedy, () => operation(native));
  }
}

/** The remedy for an error of the library, or a function from its reason to the remedy. */
type Remedy = string | ((reason: string) => string);

const EXTRA_OPTIONS = 'use reverse, bos, eos and unk, separated by colons, for pieces that the model has';
const DAMAGED = 'copy the model again from where it was made';

/** The remedy if the library gives no list or sample, by its reason. */
function remedyOf(reason: string): string {
  if (reason.includes('is not available')) return 'use a unigram model: others give no such lists and samples';
  return reason.includes('has to be') ? 'use another number' : DAMAGED;
}

/** Runs a step of loading, and converts its error to a UserError that names the file. */
function asModel<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw new UserError(
      `${path} is not a SentencePiece model: ${reasonOf(error as Error)}`,
      'name the .model file that the training wrote, or copy it again if it is damaged',
      { cause: error },
    );
  }
}

/** Seeds the sampling of all models of this thread. @throws UserError without the add-on */
export function seedSampling(seed: number): void {
  requireNative('sampling').seed(seed);
}
