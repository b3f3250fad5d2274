const SPACE = 0x20;

/** A text without the spaces (U+0020) at its end; a pattern ` +$` takes a time that grows with the square of a run. */
export function trimSpacesAtEnd(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === SPACE) end -= 1;
  return text.slice(0, end);
}

/** A text without the spaces (U+0020) around it. */
export function trimSpaces(text: string): string {
  let start = 0;
  while (start < text.length && text.charCodeAt(start) === SPACE) start += 1;
  return trimSpacesAtEnd(text.slice(start));
}
