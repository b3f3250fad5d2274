import { UserError } from '../../errors.js';
import { withoutBlankLinesAtEnd } from '../blank-lines.js';
import { SENTENCE_ENDS, SENTENCE_OPENERS } from './sentence-marks.js';

/** The number of occurrences of each casing of a word, by lowercased word, in the order of first occurrence. */
export type CasingCounts = Map<string, Map<string, number>>;

const lower = (text: string): string => text.replaceAll('Σ', 'σ').toLowerCase();

/**
 * Counts casings like Moses' `train-truecaser.perl`. The first words of sentences are excluded, because their capitals
 * are not informative.
 *
 * @param lines tokenized text; XML tags are not words
 * @param useFirst whether to count a first word if it is lowercase, and with weight 0.1 if it is the only word of the
 *   line
 */
export function countCasings(lines: Iterable<string>, useFirst = false): CasingCounts {
  const counts: CasingCounts = new Map();
  for (const line of lines) {
    const { words } = splitMarkup(line, false);
    let start = 0;
    while (start < words.length && SENTENCE_OPENERS.has(words[start]!)) start += 1;
    let first = true;
    for (let index = start; index < words.length; index += 1) {
      const word = words[index]!;
      if (!first && SENTENCE_ENDS.has(words[index - 1]!)) first = true;
      if (CASED.test(word)) {
        const weight = first ? (useFirst ? weightOfFirst(word, words.length) : 0) : 1;
        if (weight > 0) add(counts, word, weight);
      }
      first = false;
    }
  }
  return counts;
}

const CASED = /[\p{Ll}\p{Lu}\p{Lt}]/u;

function weightOfFirst(word: string, words: number): number {
  const initial = String.fromCodePoint(word.codePointAt(0)!);
  if (lower(initial) === initial) return 1;
  return words === 1 ? 0.1 : 0;
}

function add(counts: CasingCounts, word: string, weight: number): void {
  const key = lower(word);
  let casings = counts.get(key);
  if (casings === undefined) {
    casings = new Map();
    counts.set(key, casings);
  }
  casings.set(word, (casings.get(word) ?? 0) + weight);
}

/**
 * The lines of a model in Moses' format, `best (count/total) other (count) …`. Among equally frequent casings, the
 * first to occur is the best; Perl chooses one at random.
 */
export function* truecaseModelLines(counts: CasingCounts): Generator<string, void, undefined> {
  for (const casings of counts.values()) {
    const entries = [...casings];
    let best = entries[0]!;
    let total = 0;
    for (const entry of entries) {
      total += entry[1];
      if (entry[1] > best[1]) best = entry;
    }
    const others = entries.filter((entry) => entry !== best).map(([word, count]) => ` ${word} (${decimal(count)})`);
    yield `${best[0]} (${decimal(best[1])}/${decimal(total)})${others.join('')}`;
  }
}

/** Perl prints 15 significant digits, which hides rounding errors in sums of tenths. */
const decimal = (value: number): string => String(Number(value.toPrecision(15)));

/** The casings of words, from a file that `train-truecaser` wrote. */
export interface TruecaseModel {
  /** The most frequent casing of each lowercased word. */
  readonly best: ReadonlyMap<string, string>;
  /** All casings in the training text. */
  readonly known: ReadonlySet<string>;
}

/** Parses a truecasing model, ignoring blank lines at the end. @throws UserError naming the line in another format */
export function parseTruecaseModel(lines: Iterable<string>, name: string): TruecaseModel {
  const best = new Map<string, string>();
  const known = new Set<string>();
  let number = 0;
  for (const line of withoutBlankLinesAtEnd(lines)) {
    number += 1;
    const [word, share, ...others] = line.split(SPACE).filter(Boolean);
    if (word === undefined || share === undefined || !SHARE.test(share) || !areCounted(others)) {
      throw new UserError(
        `${name} line ${number}: "${line.slice(0, 80)}" is not "<word> (<count>/<total>) …"`,
        'give a model written by train-truecaser',
      );
    }
    best.set(lower(word), word);
    known.add(word);
    for (let index = 0; index < others.length; index += 2) known.add(others[index]!);
  }
  if (number === 0) throw new UserError(`${name} is empty`, 'give a model written by train-truecaser');
  return { best, known };
}

const SPACE = /\p{White_Space}+/u;
const NUMBER = '\\d+(?:\\.\\d+)?(?:e[-+]\\d+)?';
const SHARE = new RegExp(`^\\(${NUMBER}/${NUMBER}\\)$`);
const COUNT = new RegExp(`^\\(${NUMBER}\\)$`);

const areCounted = (others: readonly string[]): boolean =>
  others.length % 2 === 0 && others.every((text, index) => index % 2 === 0 || COUNT.test(text));

/**
 * Truecases like Moses' `truecase.perl`: the first word of a sentence and unknown words get their best casing.
 *
 * @returns a function from a tokenized line, which may contain factors and XML tags, to the truecased line
 */
export function createTruecaser({ best, known }: TruecaseModel): (line: string) => string {
  return (line) => {
    const { words, markup } = splitMarkup(line, true);
    let text = '';
    let first = true;
    words.forEach((token, index) => {
      if (index > 0 && markup[index] === '') text += ' ';
      text += markup[index]!;
      const bar = token.indexOf('|');
      const word = bar > 0 ? token.slice(0, bar) : token;
      const choice = first || !known.has(word) ? best.get(lower(word)) : undefined;
      text += (choice ?? word) + token.slice(word.length);
      if (SENTENCE_ENDS.has(word)) first = true;
      else if (!SENTENCE_OPENERS.has(word)) first = false;
    });
    return text + (markup[words.length] ?? '');
  };
}

const TAG = /^\p{White_Space}*(<\P{White_Space}[^>]*>)/u;
const WORD = /^\p{White_Space}*([^\p{White_Space}<>]+)/u;
const OTHER = /^\p{White_Space}*(\P{White_Space}+)/u;

/**
 * Splits a line into words, and the tags before each word and after the last, like the Moses scripts.
 *
 * @param factored whether a tag after a `|` is a factor of the word
 */
export function splitMarkup(line: string, factored: boolean): { words: string[]; markup: string[] } {
  const words: string[] = [];
  const markup = [''];
  const lastTagEnd = line.lastIndexOf('>');
  let endsWithBar = false; // of the last word; calling endsWith on a growing word would copy it every time
  let rest = line;
  while (/\P{White_Space}/u.test(rest)) {
    // No tag starts after the last >, so none is searched there.
    const tag = line.length - rest.length < lastTagEnd ? TAG.exec(rest) : null;
    if (tag !== null) {
      rest = rest.slice(tag[0].length);
      if (factored && tag[0] === tag[1] && endsWithBar) {
        const bars = /^\|*/.exec(rest)![0];
        words.push(words.pop()! + tag[1] + bars);
        endsWithBar = bars !== '';
        rest = rest.slice(bars.length);
      } else {
        markup.push(`${markup.pop()}${tag[1]} `);
      }
      continue;
    }
    const word = (WORD.exec(rest) ?? OTHER.exec(rest))!;
    words.push(word[1]!);
    endsWithBar = word[1]!.endsWith('|');
    markup.push('');
    rest = rest.slice(word[0].length);
  }
  markup.push(markup.pop()!.slice(0, -1));
  return { words, markup };
}
