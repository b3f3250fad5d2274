/** A substitution of every match in a line; patterns have the flags `gu`. */
export type Rule = readonly [pattern: RegExp, replacement: string | Replacer];

/** Returns the replacement of a match; an optional group may be undefined. */
type Replacer = (match: string, ...groups: (string | undefined)[]) => string;

/** Applies the rules one after another, each to the whole line. */
export function applyRules(line: string, rules: readonly Rule[]): string {
  let text = line;
  for (const [pattern, replacement] of rules) {
    text = typeof replacement === 'string' ? text.replace(pattern, replacement) : text.replace(pattern, replacement);
  }
  return text;
}

// Perl's character classes in the Moses scripts, for use inside brackets.
// JavaScript's \s and \w differ from Perl's: \s includes U+FEFF and lacks U+0085, \w is ASCII.

/** Perl's `\p{IsAlnum}`. */
export const ALPHANUMERIC = '\\p{Alphabetic}\\p{Nd}';
/** Perl's `\p{IsAlpha}`. */
export const ALPHABETIC = '\\p{Alphabetic}';
/** Perl's `\p{IsN}`: digits, but also ½ and Ⅷ. */
export const NUMBER = '\\p{N}';
/** Perl's `\s` on decoded text. */
export const WHITESPACE = '\\p{White_Space}';

/** A line of only white space, which the Moses scripts print unchanged. */
export const BLANK_LINE = /^\p{White_Space}*$/u;

/** Builds a `gu` pattern from its source. */
export const pattern = (source: string): RegExp => new RegExp(source, 'gu');
