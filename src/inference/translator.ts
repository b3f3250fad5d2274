import type { PostProcess } from '../data/post-process.js';
import { UserError } from '../errors.js';
import type { Plugin } from '../plugins/plugin.js';
import type { SearchOptions, Translation } from '../search/index.js';
import { growingWindows } from './growing-windows.js';
import type { TranslatorEngine } from './translator-engine.js';

/** What a Translator is made of; the options of the search have fairseq's names and defaults in camelCase. */
export interface TranslatorOptions extends Partial<Omit<SearchOptions, 'prefixSize'>> {
  /** Checkpoint by its stem, e.g. `checkpoints/averaged`, or fairseq's `model.pt`; several are an ensemble. */
  readonly path: string | readonly string[];
  /** Folder with the dictionaries that the checkpoint was trained with, `dict.LANG.txt`; no corpus is needed. */
  readonly data: string;
  /** `cpu`, `wasm`, …; without it `cpu` where the native add-on is built, else `wasm`. */
  readonly device?: string;
  /** Threads of the device `cpu`, 1 to 1024; without it the processors that the process may use. */
  readonly threads?: number;
  /** What matrix products compute in on the device `cpu`; int8 is fastest. Default `float32`. */
  readonly precision?: 'float32' | 'bfloat16' | 'int8';
  /** Most tokens of a batch: sentences × the longest of them with `</s>`. Default 12,000. */
  readonly maxTokens?: number;
  /** Most sentences of a batch. */
  readonly batchSize?: number;
  /** Tokenizes lines with Moses's tokenizer, before subwords; `detokenized` is then plain text. Default: lines are tokens. */
  readonly tokenizer?: 'moses';
  /** A file of BPE codes: lines come in as words, subwords are made of them and joined again in what comes out. */
  readonly bpeCodes?: string;
  /**
   * Joins the subwords of the output: true is `subword_nmt`, or name a scheme as `--remove-bpe` does. Default: true with
   * `bpeCodes`, else false.
   */
  readonly removeBpe?: boolean | PostProcess;
  /** Models and architectures of one's own that the checkpoint may name; on the command line, those of `--user-dir`. */
  readonly plugins?: readonly Plugin[];
}

const STREAM_WINDOWS = { first: 16, most: 2048, growth: 2 };

/** The best translation of a line, and `nbest` of them. */
export interface LineTranslation extends Translation {
  /** Best first, as many as `nbest`; the first is the best itself. */
  readonly nbest: readonly Translation[];
}

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
