import { checkModel, isAvailable, type Model, textPieces } from 'sentencepiece-native';
import { UserError } from '../../errors.js';
import { compareCodePoints } from '../code-points.js';
import { readWhole } from '../exact-reads.js';
import type { Engine } from './engine.js';
import { reasonOf, refusals, requireNative } from './native.js';
import { loadWasmEngine } from './wasm-engine.js';

/** How SentencePiece samples a segmentation. */
export interface SamplingOptions {
  /** Unigram models: out of how many best segmentations to draw; negative: out of all. */
  readonly nBestSize: number;
  /** Unigram models: probabilities are ∝ p^alpha. BPE models: each merge is left out with this probability. */
  readonly alpha: number;
}

/** The library makes longer lists of no text. */
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
   * @param engine `native` is the add-on on the system's library, `wasm` the npm package sentencepiece-js; without a
   *   choice the add-on where it is built. Both give the same pieces; sampling and n-best lists need the add-on.
   * @throws UserError if the file cannot be read or is not a sound SentencePiece model, or there is no add-on
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

  /** @throws UserError where the model is damaged in a way that only this text shows; so do the other ways to encode */
  encodePieces(text: string): string[] {
    return this.#encode((engine) => engine.encodePieces(text));
  }

  /** The ids of the pieces of a text. */
  encodeIds(text: string): number[] {
    return this.#encode((engine) => engine.encodeIds(text));
  }

  /** The pieces with spaces between. */
  encodeLine(text: string): string {
    return this.#encode((engine) => engine.encodeLine(text));
  }

  /** The text of pieces with spaces between. */
  decodeLine(pieces: string): string {
    return this.#decode((engine) => engine.decodeLine(pieces));
  }

  /** The text of pieces. */
  decodePieces(pieces: readonly string[]): string {
    return this.#decode((engine) => engine.decodePieces(pieces));
  }

  /** @throws UserError where an id is not in the vocabulary */
  decodeIds(ids: readonly number[]): string {
    return this.#decode((engine) => engine.decodeIds(ids));
  }

  /** Draws one segmentation; `seedSampling` makes draws repeat. @throws UserError without the add-on */
  samplePieces(text: string, { nBestSize, alpha }: SamplingOptions): string[] {
    return this.#withNative('sampling', (model) => model.samplePieces(text, nBestSize, alpha));
  }

  /** Like `samplePieces`, as ids. */
  sampleIds(text: string, { nBestSize, alpha }: SamplingOptions): number[] {
    return this.#withNative('sampling', (model) => model.sampleIds(text, nBestSize, alpha));
  }

  /** The best segmentations, best first, of a unigram model. @throws UserError for another, or without the add-on */
  nBestPieces(text: string, size: number): string[][] {
    return this.#withNative('an n-best list', (model) => model.nBestPieces(text, size));
  }

  /** Like `nBestPieces`, as ids. */
  nBestIds(text: string, size: number): number[][] {
    return this.#withNative('an n-best list', (model) => model.nBestIds(text, size));
  }

  /**
   * From now on text gives only these pieces, beside single characters, symbols and what is unknown.
   * @throws UserError for a model of words or characters, or without the add-on
   */
  restrictVocabulary(pieces: readonly string[]): void {
    const remedy = 'restrict a model of the type unigram or bpe';
    this.#withNative('a restricted vocabulary', (model) => model.restrictVocabulary(pieces), remedy);
  }

  /**
   * What is done with every segmentation, but not with samples and n-best lists: `reverse`, `bos`, `eos` and `unk` (the
   * piece `<unk>` for what is unknown), one after the other with colons between.
   * @throws UserError for another word and a piece that the model does not have, or without the add-on
   */
  setEncodeOptions(options: string): void {
    this.#withNative(`the extra options ${options}`, (model) => model.setEncodeOptions(options), EXTRA_OPTIONS);
  }

  /** The same with what is decoded, before it becomes text. */
  setDecodeOptions(options: string): void {
    this.#withNative(`the extra options ${options}`, (model) => model.setDecodeOptions(options), EXTRA_OPTIONS);
  }

  /**
   * How often each piece occurs in lines, most frequent first and then by code point; what is unknown does not count.
   * @throws UserError where the model is damaged in a way that only these lines show
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
    return refusals('SentencePiece', 'decode with the model that encoded', () => operation(this.engine));
  }

  #withNative<T>(what: string, operation: (model: Model) => T, remedy: Remedy = remedyOf): T {
    if (this.native === null) requireNative(what);
    const { native } = this;
    if (native === null) throw new UserError(`${what} needs the add-on`, "load the model without the engine 'wasm'");
    return refusals(`${this.path} cannot do ${what}`, remedy, () => operation(native));
  }
}

/** What to do about a refusal of the library, or how to tell from its reason. */
type Remedy = string | ((reason: string) => string);

const EXTRA_OPTIONS = 'there are reverse, bos, eos and unk, with colons between, for pieces that the model has';
const DAMAGED = 'copy the model again from where it was made';

/** What to do where the library gives no list or sample, by its reason. */
function remedyOf(reason: string): string {
  if (reason.includes('is not available')) return 'such lists and samples are for unigram models';
  return reason.includes('has to be') ? 'ask for another number' : DAMAGED;
}

/** Runs a step of loading; what it finds wrong becomes a UserError that names the file. */
function asModel<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw new UserError(
      `${path} is not a SentencePiece model: ${reasonOf(error as Error)}`,
      'name the .model file that the training wrote, or copy it again where it is damaged',
      { cause: error },
    );
  }
}

/** Starts the random numbers of sampling anew, for every model of this thread. @throws UserError without the add-on */
export function seedSampling(seed: number): void {
  requireNative('sampling').seed(seed);
}
