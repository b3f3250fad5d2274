import { storeSentences } from '../data/sentence-store.js';
import { UserError } from '../errors.js';
import type { SequenceGenerator, TranslatedSentence } from '../search/index.js';
import type { TranslationTask } from '../tasks/translation.js';
import { pairUp, type TranslationData } from '../tasks/translation-data.js';
import type { TextCodec } from '../text/codec.js';
import { type EncodedPhrase, encodePhrase, readSourceLine, type SourceLine } from './source-lines.js';
import {
  cutIntoBatches,
  DEFAULT_MAX_TOKENS,
  type NumberedLines,
  type TextSettings,
  translateBatches,
} from './translate-split.js';

/** How lines are translated and printed. */
export interface LineSettings extends Omit<TextSettings, 'detokenize'> {
  readonly codec: TextCodec;
  readonly maxTokens: number | null;
  readonly batchSize: number | null;
}

/** A line with its translations and its share of the search time. */
export interface TranslatedLine {
  readonly line: SourceLine;
  readonly sentence: TranslatedSentence;
  readonly seconds: number;
}

/** Translates lines of text, for `interactive` and the library's Translator. Line numbers continue across calls. */
export class LineSearch {
  readonly #task: TranslationTask;
  readonly #search: SequenceGenerator;
  readonly #settings: LineSettings;
  readonly #longest: number; // in tokens, including </s>
  /** The number of lines read. */
  #read = 0;

  constructor(task: TranslationTask, search: SequenceGenerator, settings: LineSettings) {
    this.#task = task;
    this.#search = search;
    this.#settings = settings;
    const { maxTokens, batchSize } = settings;
    const batchLimit = maxTokens ?? (batchSize === null ? DEFAULT_MAX_TOKENS : Number.POSITIVE_INFINITY);
    this.#longest = Math.min(task.options.maxSourcePositions, search.maxPositions.source, batchLimit);
  }

  /**
   * Encodes a line.
   * @param name the name of the line for messages, e.g. `line 7`
   * @throws UserError if the line is longer than the model or a batch allows
   */
  read(line: string, name: string): SourceLine {
    return this.#readLine(line, name, this.#search.options.constraints !== null);
  }

  /**
   * Encodes a sentence of a text, which no phrases follow.
   * @param nbest the number of translations that are wanted, at most that of the search
   * @throws LineTooLong as `read` does
   */
  readSentence(sentence: string, name: string, nbest: number): SourceLine {
    return { ...this.#readLine(sentence, name, false), nbest };
  }

  /** Encodes a phrase in the target language; null if the model cannot write it. */
  encodePhrase(phrase: string): EncodedPhrase | null {
    return encodePhrase(phrase, { task: this.#task, codec: this.#settings.codec });
  }

  #readLine(line: string, name: string, hasPhrases: boolean): SourceLine {
    const { codec } = this.#settings;
    const read = readSourceLine(line, this.#read, { task: this.#task, codec, hasPhrases });
    if (read.ids.length <= this.#longest) {
      this.#read += 1;
      return read;
    }
    throw new LineTooLong(name, read.ids.length, this.#longest);
  }

  /** Divides lines into batches of similar length. @returns indices of lines, a batch after the other */
  cut(lines: readonly SourceLine[]): readonly Int32Array[] {
    return this.#batches(this.#dataOf(lines));
  }

  /** Translates lines in batches of similar length. @returns one translation per line, in input order */
  async translate(lines: readonly SourceLine[]): Promise<TranslatedLine[]> {
    const data = this.#dataOf(lines);
    return this.#translate(lines, data, this.#batches(data));
  }

  /** Translates lines together, as one batch. @returns one translation per line, in input order */
  async translateBatch(lines: readonly SourceLine[]): Promise<TranslatedLine[]> {
    return this.#translate(lines, this.#dataOf(lines), [Int32Array.from(lines.keys())]);
  }

  #dataOf(lines: readonly SourceLine[]): TranslationData {
    return pairUp(
      'lines',
      storeSentences(lines.map(({ ids }) => ids)),
      null,
      lines.map(({ words }) => words),
    );
  }

  #batches(data: TranslationData): readonly Int32Array[] {
    const { maxTokens, batchSize } = this.#settings;
    return cutIntoBatches(this.#task, data, this.#search, {
      maxTokens,
      batchSize,
      requiredBatchSizeMultiple: 1,
      skipInvalidSizeInputsValidTest: false,
      seed: 1,
    });
  }

  async #translate(
    lines: readonly SourceLine[],
    data: TranslationData,
    batches: readonly Int32Array[],
  ): Promise<TranslatedLine[]> {
    const { codec, maxTokens: _, batchSize: __, ...text } = this.#settings;
    const settings = { ...text, detokenize: codec.decode };
    const numbered = numberLines(lines);
    const translated: TranslatedLine[] = [];
    for await (const batch of translateBatches(this.#task, data, batches, this.#search, settings, numbered)) {
      const seconds = batch.seconds / batch.sentences.length;
      for (const sentence of batch.sentences)
        translated[sentence.id] = { line: lines[sentence.id]!, sentence, seconds };
    }
    return translated;
  }
}

/** A line that is longer than the model or a batch allows. */
export class LineTooLong extends UserError {
  constructor(name: string, tokens: number, longest: number) {
    super(
      `${name} has ${tokens} tokens including </s>, but the model or a batch allows at most ${longest}`,
      'split it into sentences',
    );
  }
}

function numberLines(lines: readonly SourceLine[]): NumberedLines {
  const hasPhrases = lines.some(({ phrases }) => phrases.length > 0);
  return {
    inputOf: (ids) => ({
      ids: ids.map((id) => lines[id]!.number),
      ...(hasPhrases && { phrases: Array.from(ids, (id) => lines[id]!.phrases) }),
    }),
    nbestOf: (id) => lines[id]!.nbest,
  };
}
