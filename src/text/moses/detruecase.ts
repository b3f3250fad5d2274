import { SENTENCE_ENDS, SENTENCE_OPENERS } from './sentence-marks.js';

/**
 * Capitalizes the first words of sentences like Moses' `detruecase.perl`, without its option for headlines.
 * @param line tokens
 */
export function detruecase(line: string): string {
  const words = line.split(SPACES).filter(Boolean);
  let first = true;
  return words
    .map((word) => {
      const cased = first ? capitalize(word) : word;
      if (SENTENCE_ENDS.has(cased)) first = true;
      else if (!SENTENCE_OPENERS.has(cased)) first = false;
      return cased;
    })
    .join(' ');
}

const SPACES = /\p{White_Space}+/u;

function capitalize(word: string): string {
  const initial = String.fromCodePoint(word.codePointAt(0)!);
  return initial.toUpperCase() + word.slice(initial.length);
}
