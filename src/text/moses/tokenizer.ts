import { trimSpacesAtEnd } from '../trim-spaces.js';
import { type ApostropheStyle, mosesLanguage, type WordSign } from './languages.js';
import type { NonbreakingPrefixes } from './nonbreaking-prefixes/index.js';
import { findProtected, hideProtected, restoreProtected } from './protected-patterns.js';
import { ALPHABETIC, ALPHANUMERIC, applyRules, BLANK_LINE, NUMBER, pattern, type Rule, WHITESPACE } from './rules.js';
import { APOSTROPHE, COMMA, DOT, DOT_RUN, EVERY_SIGN, HYPHEN, type Signs, SYMBOL, signsOf, UNEVEN } from './signs.js';

/** Options of the Moses tokenizer. */
export interface TokenizerOptions {
  /** A language code, e.g. `de`. A code not in `mosesLanguages` uses the English abbreviations and logs a warning. */
  readonly language: string;
  /** Whether to split hyphens between letters or digits into the token `@-@` (Moses `-a`). */
  readonly aggressiveHyphens?: boolean;
  /** Whether to write `& | < > ' " [ ]` as entities. Default: true (false: Moses `-no-escape`). */
  readonly escape?: boolean;
  /** Patterns of texts not to split; see `parseProtectedPatterns`. */
  readonly protectedPatterns?: readonly RegExp[];
}

/**
 * The Moses tokenizer, version 1.1: its output equals that of `tokenizer.perl`, with one difference: a literal
 * `DOTMULTI` in the text, which the script mistakes for its own mark, is not changed.
 *
 * @returns a function from a line without newline to its tokens, separated by single spaces
 */
export function createMosesTokenizer(options: TokenizerOptions): (line: string) => string {
  const { language, aggressiveHyphens = false, escape: escapes = true, protectedPatterns = [] } = options;
  const { apostrophe, wordSign, prefixes } = mosesLanguage(language);
  const hides = protectedPatterns.length > 0;
  const symbols = isolateSymbols(wordSign);

  /** The rules that can match in a line with these signs. */
  const planFor = (signs: Signs): Plan => {
    const rulesFor = (sign: Signs, rules: readonly Rule[]): readonly Rule[] => ((signs & sign) === 0 ? [] : rules);
    return {
      first: [
        ...rulesFor(UNEVEN, TRIM),
        ...rulesFor(wordSign === undefined ? SYMBOL : SYMBOL | APOSTROPHE, symbols),
        ...(aggressiveHyphens ? rulesFor(HYPHEN, SPLIT_HYPHENS) : []),
        ...rulesFor(DOT_RUN, ISOLATE_DOT_RUNS),
        ...rulesFor(COMMA, ISOLATE_COMMAS),
        ...rulesFor(APOSTROPHE, SPLIT_APOSTROPHES[apostrophe]),
      ],
      last: rulesFor(APOSTROPHE, QUOTED_END),
      splitsFullStops: (signs & DOT) !== 0,
      escapes: escapes && (signs & (SYMBOL | APOSTROPHE)) !== 0,
    };
  };
  const plans: (Plan | undefined)[] = [];
  const split = (line: string, { first, last, splitsFullStops }: Plan): string => {
    const text = applyRules(line, first);
    return applyRules(trimSpaces(splitsFullStops ? splitFullStops(text, prefixes) : text), last);
  };
  return (line) => {
    const signs = hides ? EVERY_SIGN : signsOf(line);
    plans[signs] ??= planFor(signs);
    const plan = plans[signs];
    let tokens: string;
    if ((signs & UNEVEN) === 0) {
      tokens = split(line, plan);
    } else {
      if (BLANK_LINE.test(line)) return line;
      const clean = applyRules(` ${line} `, CLEAN_UP);
      const texts = findProtected(clean, protectedPatterns);
      tokens = restoreProtected(split(hideProtected(clean, texts), plan), texts);
    }
    return plan.escapes ? tokens.replace(ESCAPED, (sign) => ESCAPES[sign]!) : tokens;
  };
}

interface Plan {
  readonly first: readonly Rule[];
  readonly last: readonly Rule[];
  readonly splitsFullStops: boolean;
  readonly escapes: boolean;
}

const TRIM: readonly Rule[] = [
  [/ +/gu, ' '],
  [/^ | $/gu, ''],
];

const trimSpaces = (text: string): string =>
  text.includes('  ') || text.startsWith(' ') || text.endsWith(' ') ? applyRules(text, TRIM) : text;

const CLEAN_UP: readonly Rule[] = [
  [pattern(`[${WHITESPACE}]+`), ' '],
  [/[\0-\x1f]/gu, ''],
];

/** A word sign is not isolated like a symbol, but split from the word unless a lowercase letter follows. */
const WORD_SIGN_RULES: Readonly<Record<WordSign, { readonly sign: string; readonly part: Rule }>> = {
  colon: { sign: ':', part: [/:(?=$|\P{Ll})/gu, ' $& '] },
  apostrophe: { sign: '', part: [/'(?=$|\P{Ll})/gu, ' $& '] },
  // The middle dot in tokenizer.perl is two bytes, which match Â· in decoded text. A single · therefore always stays.
  'middle dot': { sign: '·', part: [/Â·(?=$|\P{Ll})/gu, ' $& '] },
};

function isolateSymbols(wordSign: WordSign | undefined): readonly Rule[] {
  const rule = wordSign === undefined ? undefined : WORD_SIGN_RULES[wordSign];
  const symbols = pattern(`[^${ALPHANUMERIC}${WHITESPACE}.'\`,\\-${rule?.sign ?? ''}]`);
  return [[symbols, ' $& '], ...(rule === undefined ? [] : [rule.part])];
}

const SPLIT_HYPHENS: readonly Rule[] = [[pattern(`([${ALPHANUMERIC}])-(?=[${ALPHANUMERIC}])`), '$1 @-@ ']];

/** An ellipsis of two or more dots is one token. The lookbehind avoids quadratic time on a run of dots. */
export const ISOLATE_DOT_RUNS: readonly Rule[] = [
  [/(?<!\.)\.{2,}(?=[^.])/gu, ' $& '],
  [/(?<!\.)\.{2,}$/gu, ' $&'],
];

/** Commas are tokens, except within numbers. Two steps, because adjacent commas in A,B,C share a letter. */
const ISOLATE_COMMAS: readonly Rule[] = [
  [pattern(`([^${NUMBER}]),`), '$1 , '],
  [pattern(`,([^${NUMBER}])`), ' , $1'],
  [pattern(`([${NUMBER}]),$`), '$1 ,'],
];

const SPLIT_APOSTROPHES: Readonly<Record<ApostropheStyle, readonly Rule[]>> = {
  alone: [[/'/gu, " ' "]],
  left: [
    [pattern(`([^${ALPHABETIC}])'([^${ALPHABETIC}])`), "$1 ' $2"],
    [pattern(`([^${ALPHABETIC}])'([${ALPHABETIC}])`), "$1 ' $2"],
    [pattern(`([${ALPHABETIC}])'([^${ALPHABETIC}])`), "$1 ' $2"],
    [pattern(`([${ALPHABETIC}])'([${ALPHABETIC}])`), "$1' $2"],
  ],
  inside: [
    [pattern(`([^${ALPHABETIC}])'([^${ALPHABETIC}])`), "$1 ' $2"],
    [pattern(`([^${ALPHABETIC}])'([${ALPHABETIC}])`), "$1 ' $2"],
    [pattern(`([${ALPHABETIC}])'([^${ALPHABETIC}])`), "$1 ' $2"],
  ],
  right: [
    [pattern(`([^${ALPHABETIC}])'([^${ALPHABETIC}])`), "$1 ' $2"],
    [pattern(`([^${ALPHABETIC}${NUMBER}])'([${ALPHABETIC}])`), "$1 ' $2"],
    [pattern(`([${ALPHABETIC}])'([^${ALPHABETIC}])`), "$1 ' $2"],
    [pattern(`([${ALPHABETIC}])'([${ALPHABETIC}])`), "$1 '$2"],
    [pattern(`([${NUMBER}])'(s)`), "$1 '$2"], // the 1990's
  ],
};

/** A line that ends with .' keeps a space after the quote, as in Moses. */
const QUOTED_END: readonly Rule[] = [[/\.' ?$/gu, " . ' "]];

const ESCAPED = /[&|<>'"[\]]/g;
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '|': '&#124;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&apos;',
  '"': '&quot;',
  '[': '&#91;',
  ']': '&#93;',
};

const DOTS = /^\.+$/u;
const LETTER = /\p{Alphabetic}/u;
const BEGINS_LOWERCASE = /^\p{Lowercase}/u;
const BEGINS_WITH_DIGIT = /^[0-9]/u;

/** Splits final full stops from words that are not abbreviations. */
function splitFullStops(line: string, prefixes: NonbreakingPrefixes): string {
  const end = line.length - 1;
  if (end >= 0 && line.indexOf('.') === end)
    return end === 0 || line[end - 1] === ' ' ? line : `${line.slice(0, end)} .`;
  const words = trimSpacesAtEnd(line).split(' ');
  return words
    .map((word, index) => {
      if (!word.endsWith('.') || DOTS.test(word)) return word;
      const stem = word.slice(0, -1);
      return isAbbreviation(stem, words[index + 1], prefixes) ? word : `${stem} .`;
    })
    .join(' ');
}

/** Whether a word before a full stop is an abbreviation. The last word of a line (no `next`) is not. */
function isAbbreviation(stem: string, next: string | undefined, prefixes: NonbreakingPrefixes): boolean {
  if (next === undefined) return false;
  if (stem.includes('.') && LETTER.test(stem)) return true; // U.S.A.
  if (prefixes.always.has(stem) || BEGINS_LOWERCASE.test(next)) return true;
  return prefixes.beforeNumber.has(stem) && BEGINS_WITH_DIGIT.test(next);
}
