/** What Python's `str.isspace` accepts, which is not JavaScript's `\s`: with U+001C–1F and U+0085, without U+FEFF. */
const SPACE = '\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const SPACES = new RegExp(`[${SPACE}]+`, 'u');
const TRAILING_SPACES = new RegExp(`[${SPACE}]+$`, 'u');

/** Python's `text.split()`: the words between runs of white space, none empty. */
export function splitWords(text: string): string[] {
  return text.split(SPACES).filter((word) => word !== '');
}

/** Python's `text.rstrip()`. */
export function trimEnd(text: string): string {
  return text.replace(TRAILING_SPACES, '');
}

/**
 * Python's `f'{value:.{digits}f}'`. A value exactly halfway between two decimals goes to the even one (6.25 → `6.2`)
 * where `toFixed` goes up, and minus zero keeps its sign.
 */
export function formatFixed(value: number, digits: number): string {
  if (Object.is(value, -0)) return `-${(0).toFixed(digits)}`;
  // Only a multiple of 2^−(digits+1) can lie halfway; then value·2·10^digits is an integer, odd when it does.
  const scaled = value * 2 ** (digits + 1);
  const halves = scaled * 5 ** digits;
  const halfway = Number.isInteger(scaled) && Math.abs(halves % 2) === 1;
  if (!halfway || !Number.isSafeInteger(halves)) return value.toFixed(digits);
  const below = (halves - 1) / 2;
  const even = below % 2 === 0 ? below : below + 1;
  const text = (Math.abs(even) / 10 ** digits).toFixed(digits);
  return value < 0 ? `-${text}` : text;
}
