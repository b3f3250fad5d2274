import { UserError } from '../errors.js';
import { growingWindows } from './growing-windows.js';
import type { LineTranslation, TranslatorEngine } from './translator-engine.js';
import type { TranslatorOptions } from './translator-options.js';

export type { LineTranslation } from './translator-engine.js';
export type { TranslatorOptions } from './translator-options.js';

const STREAM_WINDOWS = { first: 16, most: 2048, growth: 2 };

/**
 * Translates text with a trained model, or several as an ensemble, exactly as `ts-fairseq generate` does.
 *
 * @example
 * const translator = await Translator.load({ path: 'checkpoints/averaged', data: 'data-bin/de-en', beam: 5 });
 * const [{ text, score }] = await translator.translate(['ein klei@@ nes haus']);
 * translator.dispose();
 */
export class Translator {
  readonly #lines: TranslatorEngine;
  /** The end of the queue of translations; and how many are in it. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #disposed = false;

  private constructor(lines: TranslatorEngine) {
    this.#lines = lines;
  }

  /**
   * Loads dictionaries and checkpoints, and opens the device. Threads and precision are those of this Translator alone,
   * whatever else is loaded; the backend of the device is the current one of TensorFlow.js then.
   * @throws UserError for a file that is missing or damaged, a checkpoint of other dictionaries, a device that cannot be
   *   had, and options that do not exist or do not go together
   */
  static async load(options: TranslatorOptions): Promise<Translator> {
    const { loadTranslatorEngine } = await import('./translator-engine.js');
    return new Translator(await loadTranslatorEngine(options));
  }

  /** What is translated into what, as the checkpoint says: `{ source: 'de', target: 'en' }`. */
  get languages(): { readonly source: string; readonly target: string } {
    return this.#lines.languages;
  }

  /** What it computes on: `cpu`, or `wasm`, about 30 times slower, where the native add-on is not built. */
  get device(): string {
    return this.#lines.device;
  }

  /**
   * Translates lines of tokens separated by spaces (words where `bpeCodes` was given, else what the model was trained
   * on), in batches of similar length. Calls wait for each other. With `constraints`, phrases that the translation has to
   * hold follow a line behind tabs.
   * @returns one translation for each line, in the order of the lines; scores are log probabilities in base 2, as on
   *   fairseq's H- lines: Σ log₂ p / length^lenpen, with `</s>`
   * @throws UserError for a line that is longer than the model or a batch allows, naming it
   */
  async translate(lines: readonly string[]): Promise<LineTranslation[]> {
    if (this.#disposed) throw new UserError('this Translator is disposed', 'load another');
    this.#waiting++;
    const result = this.#last.then(() => this.#lines.translate(lines));
    this.#last = result.then(
      () => this.#done(),
      () => this.#done(),
    );
    return result;
  }

  /**
   * Translates a stream of lines, as long as it may be: a window of lines is in memory, 16 at first, so that results come
   * before the input ends, and up to 2,048 later.
   * @returns one translation for each line, in the order of the lines
   * @throws UserError as `translate`; the lines are counted from the first of the window
   */
  async *translateStream(lines: AsyncIterable<string> | Iterable<string>): AsyncGenerator<LineTranslation> {
    if (typeof lines === 'string') throw new UserError('translateStream: one string is not a stream', 'give [line]');
    for await (const window of growingWindows(lines, STREAM_WINDOWS)) yield* await this.translate(window);
  }

  /** Frees the models, once the translations under way are done. Nothing can be translated afterwards. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#waiting === 0) this.#lines.dispose();
  }

  #done(): void {
    this.#waiting--;
    if (this.#disposed && this.#waiting === 0) this.#lines.dispose();
  }
}
