/** Tokens that end a sentence, for Moses' truecaser and detruecaser. */
export const SENTENCE_ENDS: ReadonlySet<string> = new Set(['.', ':', '?', '!']);

/** Tokens that may precede the first word of a sentence. */
export const SENTENCE_OPENERS: ReadonlySet<string> = new Set([
  '(',
  '[',
  '"',
  "'",
  '&apos;',
  '&quot;',
  '&#91;',
  '&#93;',
]);
