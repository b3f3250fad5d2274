import { UserError } from '../../errors.js';
import { type NonbreakingPrefixes, nonbreakingPrefixes } from './nonbreaking-prefixes.js';

/** Where an apostrophe between two letters goes: with the right part (`he 's`), with the left (`l' homme`), or alone. */
export type ApostropheStyle = 'right' | 'left' | 'alone';

/** All that the tokenizer knows of a language. */
export interface MosesLanguage {
  readonly apostrophe: ApostropheStyle;
  readonly prefixes: NonbreakingPrefixes;
}

const languages: Readonly<Record<string, MosesLanguage>> = {
  de: { apostrophe: 'alone', prefixes: nonbreakingPrefixes.de },
  en: { apostrophe: 'right', prefixes: nonbreakingPrefixes.en },
  fr: { apostrophe: 'left', prefixes: nonbreakingPrefixes.fr },
};

/** @throws UserError for a language whose rules are not here: English abbreviations would be silently wrong for it */
export function mosesLanguage(code: string): MosesLanguage {
  const language = Object.hasOwn(languages, code) ? languages[code] : undefined;
  if (language === undefined) {
    const known = Object.keys(languages).join(', ');
    throw new UserError(`the Moses tokenizer has no rules for language '${code}'`, `known languages: ${known}`);
  }
  return language;
}
