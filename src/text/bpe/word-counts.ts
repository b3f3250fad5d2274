import { UserError } from '../../errors.js';
import { withoutBlankLinesAtEnd } from '../blank-lines.js';
import { linesOf, readLines, readTextBlocks } from '../lines.js';
import { trimSpaces } from '../trim-spaces.js';
import { WordCounter } from './wasm/word-counter.js';

/** The number of occurrences of each word, in the order of first occurrence. */
export type WordCounts = Map<string, number>;

/** Counts the words of space-separated lines, adding to `counts`. */
export function countWords(lines: Iterable<string>, counts: WordCounts = new Map()): WordCounts {
  for (const line of lines) {
    for (const word of line.split(' ')) {
      if (word !== '') counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  return counts;
}

/**
 * Counts the words of a space-separated text.
 *
 * @throws UserError like `readLines`
 */
export function countWordsOf(path: string): WordCounts {
  const counts: WordCounts = new Map();
  const counter = new WordCounter((word, count) => counts.set(word, (counts.get(word) ?? 0) + count));
  for (const block of readTextBlocks(path)) {
    if (counter.add(block)) continue;
    counter.flush(); // keeps the order of first occurrence
    countWords(linesOf(block), counts);
  }
  counter.flush();
  return counts;
}

/** The lines `<word> <count>` of a vocabulary file (`get-vocab`): most frequent first, then in order of occurrence. */
export function* vocabularyLines(counts: WordCounts): Generator<string, void, undefined> {
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  for (const [word, count] of sorted) yield `${word} ${count}`;
}

/**
 * Reads the words and counts of a vocabulary file (`--dict-input`). Counts of a repeated word are added.
 *
 * @throws UserError naming the line that is not `<word> <count>`
 */
export function readWordCounts(path: string): WordCounts {
  const counts: WordCounts = new Map();
  for (const [word, count] of vocabularyEntries(path)) counts.set(word, (counts.get(word) ?? 0) + count);
  return counts;
}

/**
 * Reads the words of a vocabulary file that occur at least `threshold` times.
 *
 * @throws UserError naming the line that is not `<word> <count>`
 */
export function readVocabulary(path: string, threshold = 0): Set<string> {
  const words = new Set<string>();
  for (const [word, count] of vocabularyEntries(path)) if (count >= threshold) words.add(word);
  return words;
}

function* vocabularyEntries(path: string): Generator<[word: string, count: number], void, undefined> {
  let number = 0;
  for (const line of withoutBlankLinesAtEnd(readLines(path))) {
    number += 1;
    const [word, count, ...rest] = trimSpaces(line).split(' ');
    if (!word || count === undefined || !/^\d+$/.test(count) || rest.length > 0) {
      throw new UserError(
        `${path} line ${number}: "${line.slice(0, 80)}" is not "<word> <count>"`,
        'give a vocabulary written by get-vocab or learn-joint-bpe-and-vocab --write-vocabulary',
      );
    }
    yield [word, Number(count)];
  }
}
