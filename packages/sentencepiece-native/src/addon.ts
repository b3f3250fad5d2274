import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** A loaded model. Pieces carry `▁` for a space; a method throws an Error with the library's message. */
export interface Model {
  encodePieces(text: string): string[];
  encodeIds(text: string): number[];
  /** The pieces with spaces between, made in one step. */
  encodeLine(text: string): string;
  decodeLine(pieces: string): string;
  /**
   * Draws one segmentation. Unigram models: out of the `nBest` best, or of all where it is negative, with
   * probabilities ∝ p^alpha. BPE models: each merge is left out with probability `alpha`.
   */
  samplePieces(text: string, nBest: number, alpha: number): string[];
  sampleIds(text: string, nBest: number, alpha: number): number[];
  /** The `nBest` best segmentations, best first; unigram models only. */
  nBestPieces(text: string, nBest: number): string[][];
  nBestIds(text: string, nBest: number): number[][];
  decodePieces(pieces: readonly string[]): string;
  /** @throws Error where an id is not in the vocabulary */
  decodeIds(ids: readonly number[]): string;
  /** Every piece with its score, by id. */
  vocabulary(): [piece: string, score: number][];
}

export interface Addon {
  /** Takes the bytes of a .model file. @throws Error where they are not those of a model */
  readonly Model: new (
    bytes: Uint8Array,
  ) => Model;
  /** Starts the random numbers of this thread anew: sampling after it repeats. */
  seed(seed: number): void;
  /**
   * Trains a model and returns the bytes of its .model file.
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
  return createRequire(import.meta.url)(path) as Addon;
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
