import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { checkModel } from './model-file/check-model.js';

/** A loaded model. Pieces carry `▁` for a space; a method throws an Error with the library's message. */
export interface Model {
  /** The pieces of a text. */
  encodePieces(text: string): string[];
  /** The ids of the pieces of a text. */
  encodeIds(text: string): number[];
  /** The pieces with spaces between, made in one step. */
  encodeLine(text: string): string;
  /** The text of pieces separated by spaces. */
  decodeLine(pieces: string): string;
  /**
   * Draws one segmentation. Unigram models: out of the `nBest` best, or of all where it is negative, with
   * probabilities ∝ p^alpha. BPE models: each merge is left out with probability `alpha`.
   * @throws Error where `nBest` is above 512 or no integer, or `alpha` is not finite
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
  /** @throws Error where an id is not in the vocabulary */
  decodeIds(ids: readonly number[]): string;
  /** Every piece with its score, by id. */
  vocabulary(): [piece: string, score: number][];
  /**
   * From now on text gives these pieces only, and single characters, symbols and `<unk>`.
   * @throws Error unless the model is of the type unigram or bpe
   */
  restrictVocabulary(pieces: readonly string[]): void;
  /**
   * What is done with every segmentation, but not with samples and n-best lists: `reverse`, `bos`, `eos`, `unk` (the piece
   * `<unk>` for what is unknown), one after the other with colons between.
   * @throws Error for another word, and for a piece that the model does not have
   */
  setEncodeOptions(options: string): void;
  /** The same with pieces or ids before they become text. */
  setDecodeOptions(options: string): void;
}

/** The functions of the compiled add-on. */
export interface Addon {
  /** Takes the bytes of a .model file. @throws Error that says what is wrong where they are not those of a sound model */
  readonly Model: new (
    bytes: Uint8Array,
  ) => Model;
  /** Starts the random numbers of this thread anew: sampling after it repeats. @param seed 0 to 2^32 − 2 */
  seed(seed: number): void;
  /**
   * Trains a model and returns the bytes of its .model file. The library trains in a process of its own, since it ends
   * the one it runs in for some options and texts.
   * @param options those of `spm_train` by their names there, values as text
   * @param nextSentences some more sentences at each call, null after the last; what it throws ends the training
   * @throws Error with the library's message
   */
  train(options: Readonly<Record<string, string>>, nextSentences: () => readonly string[] | null): Buffer;
}

/** Which folder of build/ it is loaded from: `Release`, or `sanitized` for tests. */
const FOLDER_VARIABLE = 'SENTENCEPIECE_NATIVE_FOLDER';

const path = fileURLToPath(
  new URL(`../build/${process.env[FOLDER_VARIABLE] ?? 'Release'}/sentencepiece.node`, import.meta.url),
);

let loaded: Addon | null = null;

/**
 * The add-on, loaded when first asked for.
 * @throws Error when it is not built or does not load
 */
export function addon(): Addon {
  loaded ??= load();
  return loaded;
}

function load(): Addon {
  if (!existsSync(path)) {
    const script = fileURLToPath(new URL('../scripts/build.js', import.meta.url));
    throw new Error(`the add-on is not built (sentencepiece.node is missing): node ${script} builds it`);
  }
  return withCheckedModels(createRequire(import.meta.url)(path) as Addon);
}

/** The library trusts a model file: of a damaged one it ends the process, or reads foreign memory. */
function withCheckedModels(native: Addon): Addon {
  class CheckedModel extends native.Model {
    constructor(bytes: Uint8Array) {
      if (!(bytes instanceof Uint8Array)) throw new TypeError('the content of a .model file is a Uint8Array');
      checkModel(bytes);
      super(bytes);
    }
  }
  return { ...native, Model: CheckedModel };
}

/** Whether the add-on is there and loads; if not, why. */
export function isAvailable(): { available: boolean; reason: string | null } {
  try {
    addon();
    return { available: true, reason: null };
  } catch (error) {
    return { available: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
