/** A substitution of every match in a line; patterns carry the flags `gu`. */
export type Rule = readonly [pattern: RegExp, replacement: string | Replacer];

/** What a match becomes, given it and its groups, of which an optional one may be undefined. */
type Replacer = (match: string, ...groups: (string | undefined)[]) => string;

/** Applies the rules one after the other, each to the whole line. */
export function applyRules(line: string, rules: readonly Rule[]): string {
  let text = line;
  for (const [pattern, replacement] of rules) {
    text = typeof replacement === 'string' ? text.replace(pattern, replacement) : text.replace(pattern, replacement);
  }
  return text;
}

// Perl's character classes as the Moses scripts name them; all but the last are for use inside brackets.
// JavaScript's own \s and \w differ from Perl's: \s has U+FEFF and lacks U+0085, \w is ASCII.

/** Perl's `\p{IsAlnum}`. */
export const ALPHANUMERIC = '\\p{Alphabetic}\\p{Nd}';
/** Perl's `\p{IsAlpha}`. */
export const ALPHABETIC = '\\p{Alphabetic}';
/** Perl's `\p{IsN}`: digits, but also ½ and Ⅷ. */
export const NUMBER = '\\p{N}';
/** Perl's `\s` on decoded text. */
export const WHITESPACE = '\\p{White_Space}';

/** A line of nothing but white space, which the Moses scripts print as it is. */
export const BLANK_LINE = /^\p{White_Space}*$/u;

/** Builds a `gu` pattern from its source. */
export const pattern = (source: string): RegExp => new RegExp(source, 'gu');
