import { UserError } from '../errors.js';
import { describeValue } from '../plugins/described-value.js';
import { didYouMean } from '../plugins/did-you-mean.js';
import { DOCUMENT_FORMATS } from '../text/documents/document.js';
import type { SentenceSearch } from './sentence-search.js';

/** The formats of texts. */
export const TEXT_FORMATS = ['plain', ...DOCUMENT_FORMATS] as const;

/** A format of texts. */
export type TextFormat = (typeof TEXT_FORMATS)[number];

/** How texts are translated. */
export interface TextOptions {
  /**
   * The format of the texts. The blocks of a document stay as they are, and its text is translated; inline marks are dropped.
   * Default: `plain`.
   */
  readonly format?: TextFormat;
  /**
   * Phrases in the target language that every translation must contain, or a list of phrases for each text. In a text of several
   * sentences, each is in one of them. A text without words has none.
   */
  readonly phrases?: readonly string[] | readonly (readonly string[])[];
  /** The number of translations of each sentence. Default, and the most: `nbest` of `Translator.load`. */
  readonly nbest?: number;
}

/**
 * The number of translations of each sentence.
 * @param most the option `nbest` of the Translator
 * @throws UserError if it is not a positive integer
 */
export function nbestOf({ nbest }: TextOptions, most: number): number {
  if (nbest === undefined) return most;
  if (Number.isSafeInteger(nbest) && nbest > 0) return Math.min(nbest, most);
  throw new UserError(`nbest: ${describeValue(nbest)} is not a positive integer`, 'pass at least 1');
}

/** The names of the options of a call that translates texts. */
export const TEXT_OPTION_NAMES: readonly string[] = ['format', 'phrases', 'nbest', 'signal'];

/** @throws UserError for an unknown format */
export function formatOf({ format = 'plain' }: TextOptions): TextFormat {
  if (TEXT_FORMATS.includes(format)) return format;
  throw new UserError(
    `unknown format ${typeof format === 'string' ? `'${format as string}'` : describeValue(format)}`,
    didYouMean(String(format), TEXT_FORMATS),
  );
}

/**
 * The phrases of each text, without repetitions.
 * @param texts the number of texts
 * @throws UserError for values that are not phrases, or a number of lists that is not that of the texts
 */
export function phrasesOf({ phrases = [] }: TextOptions, texts: number): (readonly string[])[] {
  if (!Array.isArray(phrases)) {
    throw new UserError(
      `the phrases are ${describeValue(phrases)}, not an array`,
      "pass an array such as ['a phrase']",
    );
  }
  const given: readonly unknown[] = phrases;
  const lists = given.some(Array.isArray) ? given : Array.from({ length: texts }, () => given);
  if (lists.length !== texts) {
    throw new UserError(`there are ${lists.length} lists of phrases for ${texts} texts`, 'pass a list for each text');
  }
  return lists.map((list) => {
    if (!Array.isArray(list)) {
      throw new UserError(`a list of phrases is ${describeValue(list)}`, 'pass a list for each text');
    }
    return [...new Set(list.map(checkedPhrase))];
  });
}

function checkedPhrase(phrase: unknown): string {
  if (typeof phrase !== 'string') throw new UserError(`a phrase is ${describeValue(phrase)}`, 'pass a string');
  const trimmed = phrase.trim();
  if (trimmed === '') throw new UserError('a phrase is empty', 'leave it out');
  return trimmed;
}

/** @throws UserError naming a phrase that the model cannot write */
export function checkPhrases(
  phrases: readonly (readonly string[])[],
  { encodePhrase }: Pick<SentenceSearch, 'encodePhrase'>,
): void {
  const unknown = phrases.flat().find((phrase) => encodePhrase(phrase) === null);
  if (unknown === undefined) return;
  throw new UserError(
    `the model cannot write the phrase '${unknown}': its dictionary lacks a part of it`,
    'leave the phrase out, or spell it otherwise',
  );
}
