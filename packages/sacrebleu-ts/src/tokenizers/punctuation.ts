const RULES: readonly (readonly [RegExp, string])[] = [
  // ASCII punctuation and symbols, except apostrophe, comma, dash and period
  [/([{-~[-` -&(-+:-@/])/gu, ' $1 '],
  // period and comma, unless a digit precedes …
  [/([^0-9])([.,])/gu, '$1 $2 '],
  // … and unless a digit follows
  [/([.,])([^0-9])/gu, ' $1 $2'],
  // dash after a digit
  [/([0-9])(-)/gu, '$1 $2 '],
];

/** Puts spaces around punctuation as `mteval-v13a.pl` does. */
export function separatePunctuation(text: string): string {
  return RULES.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text);
}
