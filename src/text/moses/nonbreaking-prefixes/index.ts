import { prefixLists, sameLists } from './lists.js';

/** Abbreviations after which a full stop does not end a sentence. */
export interface NonbreakingPrefixes {
  readonly always: ReadonlySet<string>;
  /** Abbreviations only before a number: `No. 5`. */
  readonly beforeNumber: ReadonlySet<string>;
}

/** Codes of the languages with a list. */
export const prefixLanguages: readonly string[] = Object.keys({ ...prefixLists, ...sameLists });

/** The prefixes of one of `prefixLanguages`. */
export function nonbreakingPrefixes(language: string): NonbreakingPrefixes {
  const words = prefixLists[sameLists[language] ?? language]!.trim().split(/\s+/);
  return {
    always: new Set(words.filter((word) => !word.endsWith('#'))),
    beforeNumber: new Set(words.filter((word) => word.endsWith('#')).map((word) => word.slice(0, -1))),
  };
}
