import { log } from '../../log.js';
import { type NonbreakingPrefixes, nonbreakingPrefixes, prefixLanguages } from './nonbreaking-prefixes/index.js';

/**
 * Where an apostrophe between two letters goes: with the right part (`he 's`), with the left (`l' homme`), or alone;
 * or it stays within the word (a glottal stop).
 */
export type ApostropheStyle = 'right' | 'left' | 'alone' | 'inside';

/** A sign that is part of a word before a lowercase letter (`EU:ssa`), where symbols are otherwise tokens. */
export type WordSign = 'colon' | 'apostrophe' | 'middle dot';

/** All that the tokenizer knows of a language. */
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

/** Languages with abbreviations of their own, by code. */
export const mosesLanguages: readonly string[] = [...prefixLanguages].sort();

/**
 * What tokenizer.perl does in a language, by its code as it stands: `pt-br` is not `pt`. One without a list of
 * abbreviations gets the English list, as in Moses, and a warning in the log that says so.
 */
export function mosesLanguage(code: string): MosesLanguage {
  if (!mosesLanguages.includes(code)) log.warning(takesEnglishList(code));
  return {
    apostrophe: APOSTROPHES.get(code) ?? 'alone',
    wordSign: WORD_SIGNS.get(code),
    prefixes: nonbreakingPrefixes(mosesLanguages.includes(code) ? code : 'en'),
  };
}

function takesEnglishList(code: string): string {
  const warning = `the Moses tokenizer has no list of abbreviations for language '${code}' and takes the English one`;
  const language = code.toLowerCase().split(/[-_]/)[0]!; // zh_CN, pt-br
  return mosesLanguages.includes(language) ? `${warning}; there is a list for '${language}'` : warning;
}
