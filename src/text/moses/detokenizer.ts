import { trimSpacesAtEnd } from '../trim-spaces.js';
import { applyRules, BLANK_LINE, type Rule } from './rules.js';

/**
 * The Moses detokenizer: its output equals that of `detokenizer.perl`. English, French, Italian, Czech and Finnish have
 * rules of their own; other languages use the common ones.
 *
 * @param language a language code, e.g. `de`
 * @returns a function from a line of space-separated tokens to text
 */
export function createMosesDetokenizer(language: string): (line: string) => string {
  return (line) => {
    if (BLANK_LINE.test(line) || MARKUP_LINE.test(line)) return line;
    const words = trimSpacesAtEnd(applyRules(` ${line} `, UNESCAPE)).split(' ');
    return applyRules(join(words, language), TRIM);
  };
}

/** A line that the Moses scripts treat as an XML tag. */
export const MARKUP_LINE = /^<.+>$/su;

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

/** How a word is joined with its neighbours. */
interface Joint {
  readonly spaceBefore: boolean | 'always';
  readonly spaceAfter: boolean;
  /** The text to write instead of the word. */
  readonly text?: string;
  /** Whether the next word, a dash, follows without a space. */
  readonly takesNext?: boolean;
}

const APART: Joint = { spaceBefore: true, spaceAfter: true };
const OPENING: Joint = { spaceBefore: true, spaceAfter: false };
const CLOSING: Joint = { spaceBefore: false, spaceAfter: true };
/** French high punctuation has a space before it, even after an opening bracket. */
const SPACED_CLOSING: Joint = { spaceBefore: 'always', spaceAfter: true };

function join(words: readonly string[], language: string): string {
  const quotes = new QuoteCounter(language);
  let text = '';
  let space = true;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index]!;
    const joint = jointOf(words, index, language, quotes);
    text += joint.spaceBefore === 'always' || (joint.spaceBefore && space) ? ` ${word}` : (joint.text ?? word);
    space = joint.spaceAfter;
    if (joint.takesNext) {
      index += 1;
      text += words[index]!;
    }
  }
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
  if (language === 'cs' && isCzechDecimal(words, index)) return CLOSING;
  if (isContractionStart(word, words[index + 1], language)) return OPENING;
  if (language === 'cs' && isCzechDashed(words, index)) return { ...OPENING, takesNext: true };
  if (QUOTES.test(word)) return quotes.jointOf(word, previous);
  if (language === 'fi' && previous.endsWith(':') && FINNISH_SUFFIX.test(word)) {
    return { ...CLOSING, text: word.toLowerCase() };
  }
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

/** `3 , 14`. */
function isCzechDecimal(words: readonly string[], index: number): boolean {
  if (index < 2) return false;
  return NUMERAL.test(words[index - 2]!) && /^[.,]$/.test(words[index - 1]!) && NUMERAL.test(words[index]!);
}

const NUMERAL = /^[0-9]+$/;

/** `je - li` and `e - mail`, unless they end the line. */
function isCzechDashed(words: readonly string[], index: number): boolean {
  if (index >= words.length - 3 || !/\p{Alphabetic}$/u.test(words[index]!)) return false;
  return /^[-–]$/u.test(words[index + 1]!) && /^(?:li$|mail)/iu.test(words[index + 2]!);
}

/** Case endings after a colon: `EU : ssa`. */
const FINNISH_SUFFIX =
  /^(?:[NnAaÄä]|[Ss]s[aä]|[Ss]t[aä]|[Hh](?:un|yn|an|än|ön)|[UuYyAaÄäÖö]n|[Ss]een|[Ll](?:la|lä|ta|tä|le)|[Kk]s[ie]|[Tt]ta|[Ii]ne)(?:ni|si|mme|nne|nsa)?(?:ko|kö|han|hän|pa|pä|kaan|kään|kin)?$/u;

/** Opening and closing quotes look the same: every odd one of a kind opens, every even one closes. */
class QuoteCounter {
  readonly #seen = new Map<string, number>();

  constructor(readonly language: string) {}

  jointOf(word: string, previous: string): Joint {
    const kind = /^[„“”]+$/u.test(word) ? '"' : word;
    // In Czech „ always opens and “ closes.
    const side = this.language !== 'cs' ? undefined : CZECH_QUOTES[word];
    const seen = side ?? this.#seen.get(kind) ?? 0;
    if (side !== undefined) this.#seen.set(kind, side);
    // The Jones' house: a possessive, not an opening quote.
    if (seen % 2 === 0 && this.language === 'en' && word === "'" && previous.endsWith('s')) return CLOSING;
    this.#seen.set(kind, seen + 1);
    return seen % 2 === 0 ? OPENING : CLOSING;
  }
}

const CZECH_QUOTES: Readonly<Record<string, number>> = { '„': 0, '“': 1 };

/** Chinese, Japanese and Korean characters: Hangul, Kana, ideographs, their radicals, punctuation and wide forms. */
const CJK =
  '[\\u1100-\\u11ff\\u2e80-\\ua4cf\\ua840-\\ua87f\\uac00-\\ud7af\\uf900-\\ufaff\\ufe30-\\ufe4f\\uff65-\\uffdc\\u{20000}-\\u{2ffff}]';
const STARTS_CJK = new RegExp(`^${CJK}`, 'u');
const ENDS_CJK = new RegExp(`${CJK}$`, 'u');
