/**
 * The whitespace of Python's `str.split`, `str.strip` and `\s`, at which fairseq and the Moses tools split tokens.
 * JavaScript's `\s` lacks U+001C–001F and U+0085, and includes U+FEFF.
 */
const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const SPACES = new RegExp(`[${SPACE}]+`);
const SPACES_AT_START = new RegExp(`^[${SPACE}]+`);
const IS_SPACE = new RegExp(`^[${SPACE}]$`);

/** Python's `line.split()`: the runs of non-whitespace characters. */
export function splitWhitespace(line: string): string[] {
  return line.split(SPACES).filter((token) => token !== '');
}

/** Python's `text.rstrip()`. A loop, because the pattern `[…]+$` takes quadratic time on runs of spaces. */
export function trimEndWhitespace(text: string): string {
  let end = text.length;
  while (end > 0 && IS_SPACE.test(text[end - 1]!)) end -= 1;
  return text.slice(0, end);
}

/** Python's `text.strip()`. */
export function trimWhitespace(text: string): string {
  return trimEndWhitespace(text).replace(SPACES_AT_START, '');
}
