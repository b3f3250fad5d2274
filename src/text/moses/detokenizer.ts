import { applyRules, BLANK_LINE, type Rule } from './rules.js';

/**
 * The detokenizer of Moses: its output equals `detokenizer.perl`'s line by line. English, French and Italian have
 * rules for their apostrophes and punctuation; any other language gets the common ones.
 *
 * @param language a language code, e.g. `de`
 * @returns a function from a line of tokens joined by spaces to text
 */
export function createMosesDetokenizer(language: string): (line: string) => string {
  return (line) => {
    if (BLANK_LINE.test(line) || MARKUP_LINE.test(line)) return line;
    const words = applyRules(` ${line} `, UNESCAPE).replace(/ +$/u, '').split(' ');
    return applyRules(join(words, language), TRIM);
  };
}

const MARKUP_LINE = /^<.+>$/su;

const UNESCAPE: readonly Rule[] = [
  [/ @-@ /gu, '-'],
  [/&bar;|&#124;/gu, '|'],
  [/&lt;/gu, '<'],
  [/&gt;/gu, '>'],
  [/&bra;/gu, '['],
  [/&ket;/gu, ']'],
  [/&quot;/gu, '"'],
  [/&apos;/gu, "'"],
  [/&#91;/gu, '['],
  [/&#93;/gu, ']'],
  [/&amp;/gu, '&'],
];

const TRIM: readonly Rule[] = [
  [/ +/gu, ' '],
  [/^ | $/gu, ''],
];

/** How a word meets its neighbours. */
interface Joint {
  readonly spaceBefore: boolean | 'always';
  readonly spaceAfter: boolean;
}

const APART: Joint = { spaceBefore: true, spaceAfter: true };
const OPENING: Joint = { spaceBefore: true, spaceAfter: false };
const CLOSING: Joint = { spaceBefore: false, spaceAfter: true };
/** French sets a space before high punctuation even behind an opening bracket. */
const SPACED_CLOSING: Joint = { spaceBefore: 'always', spaceAfter: true };

function join(words: readonly string[], language: string): string {
  const quotes = new QuoteCounter(language);
  let text = '';
  let space = true;
  words.forEach((word, index) => {
    const joint = jointOf(words, index, language, quotes);
    text += joint.spaceBefore === 'always' || (joint.spaceBefore && space) ? ` ${word}` : word;
    space = joint.spaceAfter;
  });
  return text;
}

const OPENING_SIGNS = /^[\p{Sc}([{¿¡]+$/u;
const CLOSING_SIGNS = /^[,.?!:;\\%}\])]+$/u;
const FRENCH_HIGH_SIGN = /^[?!:;\\%]$/u;
const QUOTES = /^['"„“`]+$/u;

function jointOf(words: readonly string[], index: number, language: string, quotes: QuoteCounter): Joint {
  const word = words[index]!;
  const previous = index > 0 ? words[index - 1]! : '';
  if (STARTS_CJK.test(word)) return ENDS_CJK.test(previous) && language !== 'ko' ? CLOSING : APART;
  if (OPENING_SIGNS.test(word)) return OPENING;
  if (CLOSING_SIGNS.test(word)) return language === 'fr' && FRENCH_HIGH_SIGN.test(word) ? SPACED_CLOSING : CLOSING;
  if (isContractionEnd(word, previous, language)) return CLOSING;
  if (isContractionStart(word, words[index + 1], language)) return OPENING;
  if (QUOTES.test(word)) return quotes.jointOf(word, previous);
  return APART;
}

/** English `he 's`. */
function isContractionEnd(word: string, previous: string, language: string): boolean {
  return language === 'en' && /^'\p{Alphabetic}/u.test(word) && /[\p{Alphabetic}\p{Nd}]$/u.test(previous);
}

/** French and Italian `l' homme`. */
function isContractionStart(word: string, next: string | undefined, language: string): boolean {
  if (language !== 'fr' && language !== 'it') return false;
  return next !== undefined && /\p{Alphabetic}'$/u.test(word) && /^\p{Alphabetic}/u.test(next);
}

/** Quotes look alike on both sides: every odd one of a kind opens, every even one closes. */
class QuoteCounter {
  readonly #seen = new Map<string, number>();

  constructor(readonly language: string) {}

  jointOf(word: string, previous: string): Joint {
    const kind = /^[„“”]+$/u.test(word) ? '"' : word;
    const seen = this.#seen.get(kind) ?? 0;
    // The Jones' house: a possessive, not an opening quote.
    if (seen % 2 === 0 && this.language === 'en' && word === "'" && previous.endsWith('s')) return CLOSING;
    this.#seen.set(kind, seen + 1);
    return seen % 2 === 0 ? OPENING : CLOSING;
  }
}

/** Chinese, Japanese and Korean characters: Hangul, Kana, ideographs, their radicals, punctuation and wide forms. */
const CJK =
  '[\\u1100-\\u11ff\\u2e80-\\ua4cf\\ua840-\\ua87f\\uac00-\\ud7af\\uf900-\\ufaff\\ufe30-\\ufe4f\\uff65-\\uffdc\\u{20000}-\\u{2ffff}]';
const STARTS_CJK = new RegExp(`^${CJK}`, 'u');
const ENDS_CJK = new RegExp(`${CJK}$`, 'u');
