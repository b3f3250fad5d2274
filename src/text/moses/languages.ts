import { UserError } from '../../errors.js';
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

const APOSTROPHES: Readonly<Record<string, ApostropheStyle>> = {
  en: 'right',
  fr: 'left',
  it: 'left',
  ga: 'left',
  ca: 'left',
  so: 'inside',
  tdt: 'inside',
};

const WORD_SIGNS: Readonly<Record<string, WordSign>> = {
  fi: 'colon',
  sv: 'colon',
  tdt: 'apostrophe',
  ca: 'middle dot',
};

/** The languages of the Moses tokenizer, by code; Somali has a rule but no list, and takes the English one. */
export const mosesLanguages: readonly string[] = [...prefixLanguages, 'so'].sort();

/** @throws UserError for a language whose rules are not here: English abbreviations would be silently wrong for it */
export function mosesLanguage(code: string): MosesLanguage {
  if (!mosesLanguages.includes(code)) {
    const known = mosesLanguages.join(', ');
    throw new UserError(`the Moses tokenizer has no rules for language '${code}'`, `known languages: ${known}`);
  }
  return {
    apostrophe: APOSTROPHES[code] ?? 'alone',
    wordSign: WORD_SIGNS[code],
    prefixes: nonbreakingPrefixes(prefixLanguages.includes(code) ? code : 'en'),
  };
}
