/**
 * Whitespace as Python's `str.split`, `str.strip` and `\s` know it, by which fairseq and the Moses tools cut tokens.
 * JavaScript's `\s` lacks U+001C–001F and U+0085 and has U+FEFF on top.
 */
const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const SPACES = new RegExp(`[${SPACE}]+`);
const SPACES_AT_START = new RegExp(`^[${SPACE}]+`);
const IS_SPACE = new RegExp(`^[${SPACE}]$`);

/** Python's `line.split()`: the runs of other characters, none of them empty. */
export function splitWhitespace(line: string): string[] {
  return line.split(SPACES).filter((token) => token !== '');
}

/** Python's `text.rstrip()`. From the end: a pattern `[…]+$` tries every run of spaces anew at each of its characters. */
export function trimEndWhitespace(text: string): string {
  let end = text.length;
  while (end > 0 && IS_SPACE.test(text[end - 1]!)) end -= 1;
  return text.slice(0, end);
}

/** Python's `text.strip()`. */
export function trimWhitespace(text: string): string {
  return trimEndWhitespace(text).replace(SPACES_AT_START, '');
}
