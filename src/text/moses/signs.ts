/** A set of flags: the kinds of characters in a line that rules of the tokenizer look for. */
export type Signs = number;

/** A character other than letters, digits, white space and ``. , ' ` -``. */
export const SYMBOL = 1;
export const DOT = 2; // a full stop
/** Two adjacent full stops. */
export const DOT_RUN = 4;
export const COMMA = 8; // a comma
export const APOSTROPHE = 16; // an apostrophe
export const HYPHEN = 32; // a hyphen
/** White space to normalize: anything but single spaces between words. Such a line has every sign. */
export const UNEVEN = 64;

const KNOWN = 128;
export const EVERY_SIGN = KNOWN - 1; // all signs together
const SPACE = 0x20;
const FULL_STOP = 0x2e;

/** The sign of each UTF-16 unit, computed on first use. A surrogate counts as a symbol. */
const signsOfUnits = new Uint8Array(0x10000);

const SIGNS: Readonly<Record<string, Signs>> = { '.': DOT, ',': COMMA, "'": APOSTROPHE, '-': HYPHEN, ' ': 0, '`': 0 };
const CONTROL_OR_SPACE = /^[\p{White_Space}\0-\x1f]$/u;
const LETTER_OR_DIGIT = /^[\p{Alphabetic}\p{Nd}]$/u;

function signOfUnit(unit: number): Signs {
  const character = String.fromCharCode(unit);
  const sign = SIGNS[character];
  if (sign !== undefined) return sign;
  if (CONTROL_OR_SPACE.test(character)) return UNEVEN;
  return LETTER_OR_DIGIT.test(character) ? 0 : SYMBOL;
}

/** Computes the signs of a line in one pass, so that rules that cannot match are skipped. */
export function signsOf(line: string): Signs {
  let signs = 0;
  let previous = SPACE;
  for (let index = 0; index < line.length; index += 1) {
    const unit = line.charCodeAt(index);
    let sign = signsOfUnits[unit]!;
    if (sign === 0) {
      sign = signOfUnit(unit) | KNOWN;
      signsOfUnits[unit] = sign;
    }
    signs |= sign;
    if (unit === previous) {
      if (unit === SPACE) return EVERY_SIGN;
      if (unit === FULL_STOP) signs |= DOT_RUN;
    }
    previous = unit;
  }
  return previous === SPACE || (signs & UNEVEN) !== 0 ? EVERY_SIGN : signs & EVERY_SIGN;
}
