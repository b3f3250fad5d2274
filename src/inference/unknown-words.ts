import { splitWhitespace } from '../data/whitespace.js';
import { UserError } from '../errors.js';
import { withoutBlankLinesAtEnd } from '../text/blank-lines.js';
import { readLines } from '../text/lines.js';

/** By what a word of the source is written in the target; a word that is not there is copied. */
export type WordTranslations = ReadonlyMap<string, string>;

/**
 * What `--replace-unk` asks for: null for nothing, words to copy where no file is named, else the lines
 * `<source word> <target word>` of an alignment dictionary.
 *
 * @throws UserError naming the line that has no two words
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
        'give a dictionary as ts-fairseq preprocess --alignfile writes it',
      );
    }
    translations.set(source, target);
  }
  return translations;
}
