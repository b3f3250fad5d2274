import type { TextTranslation, TranslateTextOptions } from '../../src/inference/translator.js';
import type { Translation } from '../../src/search/index.js';
import type { TextTranslator } from '../../src/server/served-models.js';

const translationOf = (text: string, score: number): Translation => ({
  ...{ text, detokenized: text, score, tokens: [text, '</s>'], tokenScores: [score, 0], alignment: null },
});

/** Translates by writing in capitals, after a time; every text is one sentence, with three translations. */
export class FakeTranslator implements TextTranslator {
  /** The number of calls that were cancelled. */
  cancelled = 0;
  started = 0;
  readonly device = 'cpu';
  failure: Error | null = null;
  readonly memory = { weights: 10, buffers: 20, process: 30 };
  /** The options of each call that are not the defaults. */
  readonly options: object[] = [];
  /** The number of translations of a sentence that each call wants. */
  readonly wanted: number[] = [];
  /** The number of texts of each call. */
  readonly sizes: number[] = [];
  /** The most calls at a time. */
  most = 0;
  #running = 0;

  constructor(
    readonly languages = { source: 'de', target: 'en' },
    readonly milliseconds = 0,
  ) {}

  /** Makes the next call fail after it has started. */
  failLater(failure: Error): void {
    setTimeout(() => {
      this.failure = failure;
    }, this.milliseconds / 2);
  }

  async translateTexts(
    texts: readonly string[],
    { signal, format = 'plain', phrases = [], nbest = 3 }: TranslateTextOptions = {},
  ): Promise<TextTranslation[]> {
    if (this.failure !== null) throw this.failure;
    this.started += 1;
    this.#running += 1;
    this.most = Math.max(this.most, this.#running);
    this.sizes.push(texts.length);
    this.wanted.push(nbest);
    this.options.push({ ...(format !== 'plain' && { format }), ...(phrases.length > 0 && { phrases }) });
    await new Promise<void>((resolve, reject) => {
      const cancel = (): void => {
        this.cancelled += 1;
        clearTimeout(timer);
        reject(signal!.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', cancel);
        resolve();
      }, this.milliseconds);
      signal?.addEventListener('abort', cancel);
    }).finally(() => {
      this.#running -= 1;
    });
    if (this.failure !== null) throw this.failure;
    return texts.map((source) => this.#translate(source, nbest));
  }

  #translate(source: string, count: number): TextTranslation {
    if (source === 'fail') throw new TypeError('a defect');
    const text = source.toUpperCase();
    const nbest = [text, `${text} 2`, `${text} 3`].slice(0, count).map((other, rank) => translationOf(other, -rank));
    const sentence = {
      source,
      text,
      score: 0,
      nbest,
      lost: [],
      placeholders: 'none',
      unknownRatio: 0,
      problem: null,
    } as const;
    return { text, sentences: source === '' ? [] : [sentence], unknownRatio: 0 };
  }
}
