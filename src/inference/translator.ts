import { UserError } from '../errors.js';
import { log } from '../log.js';
import { checkOptionNames } from '../options/values.js';
import type { CallOptions } from './batch-scheduler.js';
import { growingWindows } from './growing-windows.js';
import { TEXT_OPTION_NAMES, type TextOptions } from './text-options.js';
import type { TextTranslation } from './text-translation.js';
import type { LineTranslation, TranslatorEngine } from './translator-engine.js';
import type { TranslatorMemory } from './translator-memory.js';
import type { TranslatorOptions } from './translator-options.js';

export type { TextOptions } from './text-options.js';
export type { DroppedMarks, SentenceTranslation, TextTranslation } from './text-translation.js';
export type { LineTranslation } from './translator-engine.js';
export type { TranslatorMemory } from './translator-memory.js';
export type { TranslatorOptions } from './translator-options.js';

/** How a call is run. */
export interface TranslateOptions {
  /** Cancels the translation; the call then throws the reason of the signal. */
  readonly signal?: AbortSignal;
}

/** How a call translates texts. */
export interface TranslateTextOptions extends TranslateOptions, TextOptions {}

const STREAM_WINDOWS = { first: 16, largest: 2048, growth: 2 };

/** Creates a Translator. Assigned by the class, because programs use `Translator.load`. */
let ofEngine: (engine: TranslatorEngine) => Translator;

/**
 * Translates text with a trained model, or an ensemble of models, exactly as `ts-fairseq generate` does.
 *
 * @example
 * const translator = await Translator.load('models/de-en');
 * const { text } = await translator.translateText('Ein kleines Haus. Es brennt!');
 * translator.dispose();
 */
export class Translator {
  readonly #engine: TranslatorEngine;
  /** The number of translations that have not ended. */
  #pending = 0;
  #disposed = false;

  private constructor(engine: TranslatorEngine) {
    this.#engine = engine;
  }

  static {
    ofEngine = (engine) => new Translator(engine);
  }

  /**
   * Loads dictionaries and checkpoints, and opens the device. A string is the folder of a model. Threads and precision apply to this Translator only. With
   * `inline`, the device's backend becomes the current backend of TensorFlow.js.
   * @throws UserError if a file is missing or damaged, a checkpoint was trained with other dictionaries, the device is
   *   not available, or options are unknown or conflict
   */
  static async load(options: string | TranslatorOptions): Promise<Translator> {
    const { inline = false, ...rest } = typeof options === 'string' ? { model: options } : options;
    if (!inline && rest.plugins === undefined) {
      const { loadWorkerEngine } = await import('./worker-engine.js');
      return new Translator(await loadWorkerEngine(rest));
    }
    const { loadTranslatorEngine } = await import('./translator-engine.js');
    return new Translator(await loadTranslatorEngine(rest));
  }

  /** The languages that the checkpoint records, e.g. `{ source: 'de', target: 'en' }`. */
  get languages(): { readonly source: string; readonly target: string } {
    return this.#engine.languages;
  }

  /** The device: `cpu`, or `wasm`, about 30 times slower, if the native add-on is not built. */
  get device(): string {
    return this.#engine.device;
  }

  /** The memory that the Translator uses, in bytes: its weights, the buffers of its thread, and the process. */
  get memory(): TranslatorMemory {
    return this.#engine.memory;
  }

  /** Why the Translator can no longer translate, e.g. because its thread ran out of memory; null while it can. */
  get failure(): Error | null {
    return this.#engine.failure;
  }

  /**
   * Translates lines of space-separated tokens in batches of similar length. Tokens are words with `bpeCodes`,
   * otherwise the tokens that the model was trained on. Concurrent calls are translated in common batches. With `constraints`, the phrases
   * that a translation must contain follow its line, separated by tabs.
   * @returns one translation per line, in input order; scores are log probabilities in base 2, as on fairseq's H-
   *   lines: Σ log₂ p / length^lenpen, including `</s>`
   * @throws UserError naming the line that is longer than the model or a batch allows
   */
  async translate(lines: readonly string[], options?: TranslateOptions): Promise<LineTranslation[]> {
    return this.#run(options, (callOptions) => this.#engine.translate(lines, callOptions));
  }

  /**
   * Translates plain text: sentence by sentence, with the line ends and the white space of the source. A sentence that
   * cannot be translated keeps its source and says why. With a model folder, text is prepared as the model needs it;
   * otherwise with `tokenizer` and `bpeCodes`. With a `format`, the text is a document: its blocks stay as they are.
   * @throws UserError for a phrase that the model cannot write
   */
  async translateText(text: string, options?: TranslateTextOptions): Promise<TextTranslation> {
    const [translation] = await this.translateTexts([text], options);
    return translation!;
  }

  /** Translates several texts as `translateText` does, in batches of similar length. @returns one translation per text */
  async translateTexts(texts: readonly string[], options?: TranslateTextOptions): Promise<TextTranslation[]> {
    checkOptionNames('translateTexts', options ?? {}, TEXT_OPTION_NAMES);
    return this.#run(options, (callOptions) => this.#engine.translateTexts(texts, callOptions));
  }

  async #run<T, Options extends TranslateOptions>(
    options: Options | undefined,
    translate: (options: Options & CallOptions) => Promise<T>,
  ): Promise<T> {
    if (this.#disposed) throw new UserError('this Translator is disposed', 'load another');
    this.#pending++;
    try {
      return await translate({ ...(options as Options), onProgress: showProgress });
    } finally {
      this.#pending--;
      if (this.#disposed && this.#pending === 0) await this.#engine.dispose();
    }
  }

  /**
   * Translates a stream of lines of any length. Only a window of lines is in memory: 16 lines at first, so that results
   * arrive before the input ends, and up to 2,048 later.
   * @returns one translation per line, in input order
   * @throws UserError like `translate`; line numbers count from the start of the window
   */
  async *translateStream(lines: AsyncIterable<string> | Iterable<string>): AsyncGenerator<LineTranslation> {
    if (typeof lines === 'string')
      throw new UserError('translateStream: one string is not a stream', 'pass an array: [line]');
    for await (const window of growingWindows(lines, STREAM_WINDOWS)) yield* await this.translate(window);
  }

  /** Frees the models when pending translations have finished. The Translator cannot be used afterwards. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#pending === 0) void this.#engine.dispose();
  }
}

/**
 * Loads a Translator that computes in this thread, in which nothing else computes with TensorFlow.js: the command line starts
 * faster without it.
 * @throws UserError like `Translator.load`
 */
export async function loadForCommand(options: TranslatorOptions): Promise<Translator> {
  const { loadTranslatorEngine } = await import('./translator-engine.js');
  return ofEngine(await loadTranslatorEngine(options, true));
}

function showProgress(position: number, total: number): void {
  log.info('progress', { label: 'translating', position, total });
}
