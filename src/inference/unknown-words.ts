import { splitWhitespace } from '../data/whitespace.js';
import { UserError } from '../errors.js';
import { withoutBlankLinesAtEnd } from '../text/blank-lines.js';
import { readLines } from '../text/lines.js';

/** Translations of source words; a word without an entry is copied. */
export type WordTranslations = ReadonlyMap<string, string>;

/**
 * Reads the word translations for `--replace-unk`: null without the option, an empty map if it names no file, otherwise
 * the lines `<source word> <target word>` of an alignment dictionary.
 *
 * @throws UserError naming the line that does not have two words
 */
export function readWordTranslations(replaceUnk: string | null): WordTranslations | null {
  if (replaceUnk === null) return null;
  const translations = new Map<string, string>();
  if (replaceUnk === '') return translations;
  let number = 0;
  for (const line of withoutBlankLinesAtEnd(readLines(replaceUnk))) {
    number += 1;
    const [source, target] = splitWhitespace(line);
    if (source === undefined || target === undefined) {
      throw new UserError(
        `${replaceUnk} line ${number}: "${line}" is not "<source word> <target word>"`,
        'give a dictionary written by ts-fairseq preprocess --alignfile',
      );
    }
    translations.set(source, target);
  }
  return translations;
}
