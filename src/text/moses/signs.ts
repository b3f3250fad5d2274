/** What a line has in it that some rule of the tokenizer looks for; a set of flags. */
export type Signs = number;

/** Neither letter, digit, white space nor one of ``. , ' ` -``. */
export const SYMBOL = 1;
export const DOT = 2; // a full stop
/** Two full stops side by side. */
export const DOT_RUN = 4;
export const COMMA = 8; // a comma
export const APOSTROPHE = 16; // an apostrophe
export const HYPHEN = 32; // a hyphen
/** White space that has to be repaired: none but single spaces between words need no care. Such a line has every sign. */
export const UNEVEN = 64;

const KNOWN = 128;
export const EVERY_SIGN = KNOWN - 1; // all signs together
const SPACE = 0x20;
const FULL_STOP = 0x2e;

/** The sign of each UTF-16 unit, found out when it first occurs; a surrogate passes for a symbol. */
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

/** One pass over a line, so that most lines are spared most rules. */
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
