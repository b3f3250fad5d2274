import { trimSpaces } from './trim-spaces.js';

/**
 * The lines of a file of entries, without the blank ones behind the last entry, which an editor or `echo >>` leaves. Blank
 * lines between entries stay, so that the lines keep their numbers and the reader can name them.
 */
export function* withoutBlankLinesAtEnd(lines: Iterable<string>): Generator<string, void, undefined> {
  let blank: string[] = [];
  for (const line of lines) {
    if (trimSpaces(line) === '') {
      blank.push(line);
      continue;
    }
    yield* blank;
    blank = [];
    yield line;
  }
}
