import { UserError } from '../../errors.js';
import { withoutBlankLinesAtEnd } from '../blank-lines.js';

const SENTENCE_ENDS: ReadonlySet<string> = new Set(['.', ':', '?', '!']);
/** Signs before the first word of a sentence. */
const OPENERS: ReadonlySet<string> = new Set(['(', '[', '"', "'", '&apos;', '&quot;', '&#91;', '&#93;']);

/** How often each casing of a word occurs, by the lowercased word, both in the order of first occurrence. */
export type CasingCounts = Map<string, Map<string, number>>;

const lower = (text: string): string => text.replaceAll('Σ', 'σ').toLowerCase();

/**
 * Counts casings as Moses' `train-truecaser.perl` does: words within sentences, not the first ones, whose capital says
 * nothing.
 *
 * @param lines tokenized text; XML tags are not words
 * @param useFirst counts a first word too if it is lowercase, and for a tenth if it is the whole line
 */
export function countCasings(lines: Iterable<string>, useFirst = false): CasingCounts {
  const counts: CasingCounts = new Map();
  for (const line of lines) {
    const { words } = splitMarkup(line, false);
    let start = 0;
    while (start < words.length && OPENERS.has(words[start]!)) start += 1;
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
 * The lines of a model in Moses' format, `best (count/total) other (count) …`. Where casings are equally frequent the
 * first to occur is best; Perl takes one by chance.
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

/** Perl prints 15 digits, so that sums of tenths are whole. */
const decimal = (value: number): string => String(Number(value.toPrecision(15)));

/** The casings of words, from a file that `train-truecaser` wrote. */
export interface TruecaseModel {
  /** The best casing of each lowercased word. */
  readonly best: ReadonlyMap<string, string>;
  /** Every casing that was seen. */
  readonly known: ReadonlySet<string>;
}

/** @throws UserError naming the line that is not of the format; blank lines at the end do not count */
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
 * Moses' `truecase.perl`: the first word of a sentence and unknown words get their best casing.
 *
 * @returns a function from a tokenized line, factors and XML tags allowed, to the same line truecased
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
      else if (!OPENERS.has(word)) first = false;
    });
    return text + (markup[words.length] ?? '');
  };
}

const TAG = /^\p{White_Space}*(<\P{White_Space}[^>]*>)/u;
const WORD = /^\p{White_Space}*([^\p{White_Space}<>]+)/u;
const OTHER = /^\p{White_Space}*(\P{White_Space}+)/u;

/**
 * The words of a line and the tags before each of them and behind the last, as the scripts part them.
 *
 * @param factored a tag behind a `|` is a factor of the word
 */
export function splitMarkup(line: string, factored: boolean): { words: string[]; markup: string[] } {
  const words: string[] = [];
  const markup = [''];
  const lastTagEnd = line.lastIndexOf('>');
  let endsWithBar = false; // the last word; asked of a word that grows piece by piece it would be copied each time
  let rest = line;
  while (/\P{White_Space}/u.test(rest)) {
    // Behind the last > no < begins a tag, and none is looked for up to the end of the line.
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
