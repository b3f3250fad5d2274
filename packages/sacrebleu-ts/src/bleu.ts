import { type BleuScore, SMOOTH_DEFAULTS, type Smoothing, type SmoothMethod, scoreStatistics } from './bleu-score.js';
import { type Arithmetic, Metric, requireReference, type Statistics } from './metric.js';
import { NgramTrie } from './ngram-trie.js';
import { formatFixed, splitWords, trimEnd } from './python-text.js';
import type { SignatureField } from './signature.js';
import { type TokenizerName, tokenizerNamed } from './tokenizers/index.js';
import type { Tokenizer } from './tokenizers/tokenizer.js';
import { Vocabulary } from './vocabulary.js';

/** Options of BLEU; the comments give the defaults. */
export interface BleuOptions {
  /** A name or your own tokenizer, e.g. from `sentencePieceTokenizer`. */
  readonly tokenize?: TokenizerName | Tokenizer; // '13a'
  readonly lowercase?: boolean; // false
  readonly smoothMethod?: SmoothMethod; // 'exp'
  /** For `floor` (0.1) and `add-k` (1). */
  readonly smoothValue?: number;
  readonly maxNgramOrder?: number; // 4
  /** Ignore orders longer than every hypothesis; recommended for sentences, not for a corpus. */
  readonly effectiveOrder?: boolean; // false
}

/**
 * BLEU with one set of options, equal to `sacrebleu.BLEU` of release 2.6.0. Its statistics are the hypothesis length,
 * the reference length (that of each segment's reference closest in length), the matching n-grams by order, clipped by their
 * counts in the references, and all n-grams of the hypothesis by order: 2 + 2·maxNgramOrder sums.
 */
export class Bleu extends Metric<BleuScore> {
  override readonly name = 'BLEU';
  protected override readonly width: number;
  protected override readonly signatureFields: readonly SignatureField[];
  override readonly numpyTypes = { scores: 'float64', sums: 'int64' } as const;
  readonly #tokenize: (segment: string) => string;
  readonly #lowercase: boolean;
  readonly #order: number;
  readonly #smoothing: Smoothing;
  readonly #trie: NgramTrie;
  readonly #vocabulary = new Vocabulary();

  /** @throws RangeError for an unknown tokenizer or smoothing, or an order below 1 */
  constructor(options: BleuOptions = {}) {
    super();
    const { tokenize = '13a', lowercase = false, smoothMethod = 'exp', maxNgramOrder = 4 } = options;
    const tokenizer = typeof tokenize === 'string' ? tokenizerNamed(tokenize) : tokenize;
    if (!Object.hasOwn(SMOOTH_DEFAULTS, smoothMethod)) {
      throw new RangeError(`unknown smoothing '${smoothMethod}'; known: ${Object.keys(SMOOTH_DEFAULTS).join(', ')}`);
    }
    if (!Number.isInteger(maxNgramOrder) || maxNgramOrder < 1) {
      throw new RangeError(`maxNgramOrder is ${maxNgramOrder}; it must be a positive integer`);
    }
    const { smoothValue = SMOOTH_DEFAULTS[smoothMethod] ?? 0 } = options;
    if (!(smoothValue >= 0 && Number.isFinite(smoothValue))) {
      throw new RangeError(`smoothValue is ${smoothValue}; it must not be negative`);
    }
    this.#tokenize = (segment) => tokenizer.tokenize(segment);
    this.#lowercase = lowercase;
    this.#order = maxNgramOrder;
    this.#trie = new NgramTrie(maxNgramOrder);
    this.width = 2 + 2 * maxNgramOrder;
    this.#smoothing = {
      method: smoothMethod,
      value: smoothValue,
      effectiveOrder: options.effectiveOrder ?? false,
    };
    this.signatureFields = [
      ['case', 'c', lowercase ? 'lc' : 'mixed'],
      ['eff', 'e', this.#smoothing.effectiveOrder ? 'yes' : 'no'],
      ['tok', 'tok', tokenizer.name],
      ['smooth', 's', describe(this.#smoothing)],
    ];
  }

  override segmentStatistics(hypothesis: string, references: readonly string[]): Statistics {
    requireReference(references);
    this.#vocabulary.startSegment();
    const words = this.#words(hypothesis);
    const referenceWords = references.map((reference) => this.#words(reference));
    this.#countReferences(referenceWords);
    const statistics = new Array<number>(this.width).fill(0);
    statistics[0] = words.length;
    statistics[1] = closestLength(words.length, referenceWords);
    this.#trie.take(words, words.length, statistics, 2);
    for (let index = 0; index < this.#order; index++) {
      statistics[2 + this.#order + index] = Math.max(0, words.length - index);
    }
    return statistics;
  }

  override score(statistics: Statistics, arithmetic: Arithmetic = 'float64'): BleuScore {
    return scoreStatistics(statistics, this.#smoothing, arithmetic);
  }

  /** Fills the trie with the n-grams of the references, each with its highest count in one of them. */
  #countReferences(references: readonly (readonly number[])[]): void {
    const trie = this.#trie;
    trie.reset(references.reduce((sum, words) => sum + words.length, 0));
    trie.add(references[0]!);
    for (const words of references.slice(1)) {
      const before = trie.counts.slice(0, trie.size);
      trie.counts.fill(0, 0, trie.size);
      trie.add(words);
      for (let node = 1; node < before.length; node++) {
        if (trie.counts[node]! < before[node]!) trie.counts[node] = before[node]!;
      }
    }
  }

  /** The words of a segment as numbers. */
  #words(segment: string): number[] {
    return this.#vocabulary.ids(splitWords(this.#tokenize(trimEnd(this.#lowercase ? segment.toLowerCase() : segment))));
  }
}

function describe({ method, value }: Smoothing): string {
  return SMOOTH_DEFAULTS[method] === null ? method : `${method}[${formatFixed(value, 2)}]`;
}

/** The reference length closest to the hypothesis's; the shorter one of two equally close lengths. */
function closestLength(length: number, references: readonly ArrayLike<number>[]): number {
  return references
    .map((words) => words.length)
    .reduce((closest, candidate) => {
      const nearer = Math.abs(length - candidate) - Math.abs(length - closest);
      return nearer < 0 || (nearer === 0 && candidate < closest) ? candidate : closest;
    });
}
