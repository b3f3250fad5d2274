import { log } from '../../log.js';
import { type NonbreakingPrefixes, nonbreakingPrefixes, prefixLanguages } from './nonbreaking-prefixes/index.js';

/**
 * How an apostrophe between two letters is tokenized: with the right part (`he 's`), with the left part (`l' homme`),
 * as a token of its own, or inside the word (a glottal stop).
 */
export type ApostropheStyle = 'right' | 'left' | 'alone' | 'inside';

/** A symbol that is part of a word before a lowercase letter (`EU:ssa`); other symbols are separate tokens. */
export type WordSign = 'colon' | 'apostrophe' | 'middle dot';

/** The tokenizer's rules for a language. */
export interface MosesLanguage {
  readonly apostrophe: ApostropheStyle;
  readonly wordSign?: WordSign;
  readonly prefixes: NonbreakingPrefixes;
}

const APOSTROPHES: ReadonlyMap<string, ApostropheStyle> = new Map([
  ['en', 'right'],
  ['fr', 'left'],
  ['it', 'left'],
  ['ga', 'left'],
  ['ca', 'left'],
  ['so', 'inside'],
  ['tdt', 'inside'],
]);

const WORD_SIGNS: ReadonlyMap<string, WordSign> = new Map([
  ['fi', 'colon'],
  ['sv', 'colon'],
  ['tdt', 'apostrophe'],
  ['ca', 'middle dot'],
]);

/** Codes of the languages with a list of abbreviations. */
export const mosesLanguages: readonly string[] = [...prefixLanguages].sort();

/**
 * The rules of tokenizer.perl for a language. Codes must match exactly: `pt-br` is not `pt`. A language without a list
 * of abbreviations uses the English list, as in Moses, and logs a warning.
 */
export function mosesLanguage(code: string): MosesLanguage {
  if (!mosesLanguages.includes(code)) log.warning(englishListWarning(code));
  return {
    apostrophe: APOSTROPHES.get(code) ?? 'alone',
    wordSign: WORD_SIGNS.get(code),
    prefixes: nonbreakingPrefixes(mosesLanguages.includes(code) ? code : 'en'),
  };
}

function englishListWarning(code: string): string {
  const warning = `the Moses tokenizer has no list of abbreviations for language '${code}' and uses the English one`;
  const language = code.toLowerCase().split(/[-_]/)[0]!; // zh_CN, pt-br
  return mosesLanguages.includes(language) ? `${warning}; there is a list for '${language}'` : warning;
}
