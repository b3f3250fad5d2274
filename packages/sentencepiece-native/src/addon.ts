import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { checkModel } from './model-file/check-model.js';
import { packageFolder } from './package-folder.js';

/** A loaded model. In pieces, `▁` replaces spaces. Methods throw an Error with the library's message. */
export interface Model {
  /** The pieces of a text. */
  encodePieces(text: string): string[];
  /** The ids of the pieces of a text. */
  encodeIds(text: string): number[];
  /** The pieces of a text, separated by spaces; faster than joining `encodePieces`. */
  encodeLine(text: string): string;
  /** The text of pieces separated by spaces. */
  decodeLine(pieces: string): string;
  /**
   * Samples a segmentation. Unigram models: from the `nBest` best, or from all if it is negative, with probabilities
   * ∝ p^alpha. BPE models: each merge is skipped with probability `alpha`.
   * @throws Error if `nBest` is above 512 or not an integer, or `alpha` is not finite
   */
  samplePieces(text: string, nBest: number, alpha: number): string[];
  /** Like `samplePieces`, as ids. */
  sampleIds(text: string, nBest: number, alpha: number): number[];
  /** The `nBest` best segmentations, best first; unigram models only. @throws Error unless `nBest` is 1 to 1024 */
  nBestPieces(text: string, nBest: number): string[][];
  /** Like `nBestPieces`, as ids. */
  nBestIds(text: string, nBest: number): number[][];
  /** The text of pieces. */
  decodePieces(pieces: readonly string[]): string;
  /** The text of ids. @throws Error if an id is not in the vocabulary */
  decodeIds(ids: readonly number[]): string;
  /** All pieces with their scores, by id. */
  vocabulary(): [piece: string, score: number][];
  /**
   * Restricts later segmentations to these pieces, single characters, symbols and `<unk>`.
   * @throws Error unless the model type is unigram or bpe
   */
  restrictVocabulary(pieces: readonly string[]): void;
  /**
   * Sets what is applied to every segmentation, but not to samples and n-best lists: `reverse`, `bos`, `eos`, `unk` (replace
   * unknown pieces by `<unk>`), separated by colons.
   * @throws Error for any other word, and for a piece that the model does not have
   */
  setEncodeOptions(options: string): void;
  /** Sets what is applied to pieces or ids before decoding. */
  setDecodeOptions(options: string): void;
}

/** The functions of the compiled add-on. */
export interface Addon {
  /** Loads the bytes of a .model file. @throws Error that says what is wrong if they are not a valid model */
  readonly Model: new (
    bytes: Uint8Array,
  ) => Model;
  /** Seeds the random numbers of this thread, so that sampling can be repeated. @param seed 0 to 2^32 − 2 */
  seed(seed: number): void;
  /**
   * Trains a model and returns the bytes of its .model file. Trains in a separate process, because the library aborts its
   * process for some options and texts.
   * @param options the options of `spm_train` by name, with strings as values
   * @param nextSentences returns more sentences with each call, null after the last; an error that it throws ends the training
   * @throws Error with the library's message
   */
  train(options: Readonly<Record<string, string>>, nextSentences: () => readonly string[] | null): Buffer;
}

/** The folder of build/ from which the add-on is loaded: `Release`, or `sanitized` for tests. */
const FOLDER_VARIABLE = 'SENTENCEPIECE_NATIVE_FOLDER';

const path = fileURLToPath(
  new URL(`build/${process.env[FOLDER_VARIABLE] ?? 'Release'}/sentencepiece.node`, packageFolder),
);

let loaded: Addon | null = null;

/**
 * The add-on, loaded by the first call.
 * @throws Error if it is not built or cannot be loaded
 */
export function addon(): Addon {
  loaded ??= load();
  return loaded;
}

function load(): Addon {
  if (!existsSync(path)) {
    const script = fileURLToPath(new URL('scripts/build.js', packageFolder));
    throw new Error(`the add-on is not built (sentencepiece.node is missing): node ${script} builds it`);
  }
  return withCheckedModels(createRequire(import.meta.url)(path) as Addon);
}

/** Checks a model file before the library loads it, because a damaged one makes it abort or read invalid memory. */
function withCheckedModels(native: Addon): Addon {
  class CheckedModel extends native.Model {
    constructor(bytes: Uint8Array) {
      if (!(bytes instanceof Uint8Array)) throw new TypeError('the contents of a .model file must be a Uint8Array');
      checkModel(bytes);
      super(bytes);
    }
  }
  return { ...native, Model: CheckedModel };
}

/** Whether the add-on can be loaded and, if not, the reason. */
export function isAvailable(): { available: boolean; reason: string | null } {
  try {
    addon();
    return { available: true, reason: null };
  } catch (error) {
    return { available: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
