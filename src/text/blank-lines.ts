import { trimSpaces } from './trim-spaces.js';

/**
 * Removes blank lines after the last entry of a file, which an editor or `echo >>` may leave. Blank lines between
 * entries stay, so that line numbers stay correct and the caller can report them.
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
