const SPACE = 0x20;

/**
 * Removes spaces (U+0020) at the end of a text. A loop, because the pattern ` +$` takes quadratic time on runs of
 * spaces.
 */
export function trimSpacesAtEnd(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === SPACE) end -= 1;
  return text.slice(0, end);
}

/** Removes spaces (U+0020) at both ends of a text. */
export function trimSpaces(text: string): string {
  let start = 0;
  while (start < text.length && text.charCodeAt(start) === SPACE) start += 1;
  return trimSpacesAtEnd(text.slice(start));
}
