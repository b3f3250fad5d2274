/** The characters of Python's `str.isspace`. Unlike JavaScript's `\s`: with U+001C–1F and U+0085, without U+FEFF. */
function isSpace(code: number): boolean {
  if (code <= 0x20) return code === 0x20 || (code >= 0x09 && code <= 0x0d) || code >= 0x1c;
  if (code < 0x1680) return code === 0x85 || code === 0xa0;
  if (code >= 0x2000 && code <= 0x200a) return true;
  return code === 0x1680 || code === 0x2028 || code === 0x2029 || code === 0x202f || code === 0x205f || code === 0x3000;
}

/** Python's `text.split()`: the words separated by white space. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let start = -1; // of the word that is being read
  for (let index = 0; index < text.length; index++) {
    if (!isSpace(text.charCodeAt(index))) {
      if (start < 0) start = index;
    } else if (start >= 0) {
      words.push(text.slice(start, index));
      start = -1;
    }
  }
  if (start >= 0) words.push(text.slice(start));
  return words;
}

/** Python's `text.rstrip()`. */
export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(0, end);
}

/** Python's `text.strip()`. */
export function trim(text: string): string {
  let start = 0;
  while (start < text.length && isSpace(text.charCodeAt(start))) start++;
  return trimEnd(text.slice(start));
}

/**
 * Python's `f'{value:.{digits}f}'`. Unlike `toFixed`, rounds a value exactly halfway between two decimals to the even one
 * (6.25 → `6.2`) and keeps the sign of minus zero.
 */
export function formatFixed(value: number, digits: number): string {
  if (Object.is(value, -0)) return `-${(0).toFixed(digits)}`;
  // Only a multiple of 2^−(digits+1) can be halfway; value·2·10^digits is then an odd integer.
  const scaled = value * 2 ** (digits + 1);
  const halves = scaled * 5 ** digits;
  const halfway = Number.isInteger(scaled) && Math.abs(halves % 2) === 1;
  if (!halfway || !Number.isSafeInteger(halves)) return value.toFixed(digits);
  const below = (halves - 1) / 2;
  const even = below % 2 === 0 ? below : below + 1;
  const text = (Math.abs(even) / 10 ** digits).toFixed(digits);
  return value < 0 ? `-${text}` : text;
}
