import { type ChrfScore, fScore } from './chrf-score.js';
import { type Arithmetic, Metric, requireReference, type Statistics } from './metric.js';
import { NgramTrie } from './ngram-trie.js';
import { splitWords } from './python-text.js';
import type { SignatureField } from './signature.js';
import { Vocabulary } from './vocabulary.js';

/** Options of chrF; the comments give the defaults. */
export interface ChrfOptions {
  readonly charOrder?: number; // 6
  /** Maximum length of word n-grams; 2 is chrF++. */
  readonly wordOrder?: number; // 0
  /** Weight of recall relative to precision. */
  readonly beta?: number; // 2
  readonly lowercase?: boolean; // false
  /** Character n-grams include white space. */
  readonly whitespace?: boolean; // false
  /** Count orders without n-grams as 1e-16 (as chrF++.py, Moses and NLTK do) instead of ignoring them. */
  readonly epsSmoothing?: boolean; // false
}

/** The symbols of a segment from which n-grams are made. */
interface Symbols {
  readonly characters: Int32Array; // code points
  readonly length: number; // of them
  readonly words: readonly number[];
}

const PUNCTUATION = new Set('!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~');

/**
 * chrF (Popović 2015) and chrF++ (Popović 2017) with one set of options, equal to `sacrebleu.CHRF` of release 2.6.0. Its
 * statistics are three sums for each order of characters, then of words: n-grams of the hypothesis, of the reference and of
 * both. Of several references the one with the highest score is used.
 */
export class Chrf extends Metric<ChrfScore> {
  override readonly name: string;
  protected override readonly width: number;
  protected override readonly signatureFields: readonly SignatureField[];
  override readonly numpyTypes = { scores: 'float32', sums: 'int64' } as const;
  readonly #options: Required<ChrfOptions>;
  readonly #characters: NgramTrie;
  readonly #words: NgramTrie;
  readonly #vocabulary = new Vocabulary();

  /** @throws RangeError for an invalid order or beta */
  constructor(options: ChrfOptions = {}) {
    super();
    const { charOrder = 6, wordOrder = 0, beta = 2 } = options;
    const { lowercase = false, whitespace = false, epsSmoothing = false } = options;
    requireInteger('charOrder', charOrder, 0);
    requireInteger('wordOrder', wordOrder, 0);
    if (charOrder + wordOrder === 0) throw new RangeError('charOrder and wordOrder are both 0; one must be positive');
    if (!(beta >= 0 && Number.isFinite(beta))) throw new RangeError(`beta is ${beta}; it must not be negative`);
    this.#options = { charOrder, wordOrder, beta, lowercase, whitespace, epsSmoothing };
    this.#characters = new NgramTrie(charOrder);
    this.#words = new NgramTrie(wordOrder);
    this.name = `chrF${beta}${'+'.repeat(wordOrder)}`;
    this.width = 3 * (charOrder + wordOrder);
    this.signatureFields = [
      ['case', 'c', lowercase ? 'lc' : 'mixed'],
      ['eff', 'e', epsSmoothing ? 'no' : 'yes'],
      ['nc', 'nc', String(charOrder)],
      ['nw', 'nw', String(wordOrder)],
      ['space', 's', whitespace ? 'yes' : 'no'],
    ];
  }

  override segmentStatistics(hypothesis: string, references: readonly string[]): Statistics {
    requireReference(references);
    this.#vocabulary.startSegment();
    const symbols = this.#symbols(hypothesis);
    let best = this.#match(symbols, this.#symbols(references[0]!));
    if (references.length === 1) return best;
    let bestScore = this.score(best).score;
    for (const reference of references.slice(1)) {
      const candidate = this.#match(symbols, this.#symbols(reference));
      const { score } = this.score(candidate);
      if (score > bestScore) [best, bestScore] = [candidate, score];
    }
    return best;
  }

  override score(statistics: Statistics, arithmetic: Arithmetic = 'float64'): ChrfScore {
    const { charOrder, wordOrder, beta } = this.#options;
    const score = fScore(statistics, this.#options, arithmetic);
    return { name: this.name, score, charOrder, wordOrder, beta, details: '' };
  }

  #match(hypothesis: Symbols, reference: Symbols): number[] {
    const { charOrder, wordOrder } = this.#options;
    const statistics = new Array<number>(this.width).fill(0);
    fillTotals(statistics, 0, charOrder, hypothesis.length, reference.length);
    fillTotals(statistics, charOrder, wordOrder, hypothesis.words.length, reference.words.length);
    this.#characters.reset(reference.length);
    this.#characters.add(reference.characters, reference.length);
    this.#characters.take(hypothesis.characters, hypothesis.length, statistics, 2, 3);
    if (wordOrder > 0) {
      this.#words.reset(reference.words.length);
      this.#words.add(reference.words);
      this.#words.take(hypothesis.words, hypothesis.words.length, statistics, 3 * charOrder + 2, 3);
    }
    return statistics;
  }

  #symbols(segment: string): Symbols {
    const { lowercase, whitespace, wordOrder } = this.#options;
    const text = lowercase ? segment.toLowerCase() : segment;
    const words = whitespace && wordOrder === 0 ? [] : splitWords(text);
    const { characters, length } = codePoints(whitespace ? text : words.join(''));
    const ids = wordOrder === 0 ? [] : this.#vocabulary.ids(words.flatMap(splitPunctuation));
    return { characters, length, words: ids };
  }
}

/** Sets the numbers of n-grams of each order; 0 for the hypothesis if the reference has none of that order. */
function fillTotals(statistics: number[], first: number, orders: number, hypothesis: number, reference: number): void {
  for (let index = 0; index < orders; index++) {
    const ofReference = Math.max(0, reference - index);
    statistics[3 * (first + index)] = ofReference > 0 ? Math.max(0, hypothesis - index) : 0;
    statistics[3 * (first + index) + 1] = ofReference;
  }
}

function codePoints(text: string): { characters: Int32Array; length: number } {
  const characters = new Int32Array(text.length);
  let length = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.codePointAt(index)!;
    if (code > 0xffff) index++;
    characters[length++] = code;
  }
  return { characters, length };
}

/** Splits one punctuation mark off the end of a word, or else off its beginning: `(hi)` → `(hi`, `)`, as in sacrebleu. */
function splitPunctuation(word: string): string[] {
  if (word.length === 1) return [word];
  const last = word.at(-1)!;
  if (PUNCTUATION.has(last)) return [word.slice(0, -1), last];
  return PUNCTUATION.has(word[0]!) ? [word[0]!, word.slice(1)] : [word];
}

function requireInteger(name: string, value: number, min: number): void {
  if (!Number.isInteger(value) || value < min)
    throw new RangeError(`${name} is ${value}; it must be an integer from ${min}`);
}
