import {
  type BleuScore,
  type BleuStatistics,
  SMOOTH_DEFAULTS,
  type Smoothing,
  type SmoothMethod,
  scoreStatistics,
} from './bleu-score.js';
import { countNgrams, mergeByMaximum } from './ngrams.js';
import { formatFixed, splitWords, trimEnd } from './python-text.js';
import { formatSignature, type ReferenceCount } from './signature.js';
import { type TokenizerName, tokenizerNamed } from './tokenizers/index.js';

export interface BleuOptions {
  readonly tokenize?: TokenizerName; // '13a'
  readonly lowercase?: boolean; // false
  readonly smoothMethod?: SmoothMethod; // 'exp'
  /** For `floor` (0.1) and `add-k` (1). */
  readonly smoothValue?: number;
  readonly maxNgramOrder?: number; // 4
  /** Leave out orders longer than every hypothesis; recommended for sentences, off for a corpus. */
  readonly effectiveOrder?: boolean; // false
}

/** Streams of references, each as long as the hypotheses; null where a segment has none in that stream. */
export type References = readonly (readonly (string | null)[])[]; // [references][segments]

/** BLEU with one set of options, equal to `sacrebleu.BLEU` of release 2.6.0. */
export class Bleu {
  readonly #tokenize: (segment: string) => string;
  readonly #lowercase: boolean;
  readonly #order: number;
  readonly #smoothing: Smoothing;
  readonly #tokenizerName: string;

  /** @throws RangeError for an unknown tokenizer or smoothing, or an order below 1 */
  constructor(options: BleuOptions = {}) {
    const { tokenize = '13a', lowercase = false, smoothMethod = 'exp', maxNgramOrder = 4 } = options;
    const tokenizer = tokenizerNamed(tokenize);
    if (!Object.hasOwn(SMOOTH_DEFAULTS, smoothMethod)) {
      throw new RangeError(`unknown smoothing '${smoothMethod}'; known: ${Object.keys(SMOOTH_DEFAULTS).join(', ')}`);
    }
    if (!Number.isInteger(maxNgramOrder) || maxNgramOrder < 1) {
      throw new RangeError(`maxNgramOrder is ${maxNgramOrder}; it must be a positive integer`);
    }
    this.#tokenize = (segment) => tokenizer.tokenize(segment);
    this.#tokenizerName = tokenizer.name;
    this.#lowercase = lowercase;
    this.#order = maxNgramOrder;
    this.#smoothing = {
      method: smoothMethod,
      value: options.smoothValue ?? SMOOTH_DEFAULTS[smoothMethod] ?? 0,
      effectiveOrder: options.effectiveOrder ?? false,
    };
  }

  /** BLEU of a corpus. @throws RangeError where hypotheses and references differ in number */
  corpusScore(hypotheses: readonly string[], references: References): BleuScore {
    return this.score(this.statistics(hypotheses, references));
  }

  /** BLEU of one sentence; turn `effectiveOrder` on for it. */
  sentenceScore(hypothesis: string, references: readonly string[]): BleuScore {
    return this.score(this.segmentStatistics(hypothesis, references));
  }

  /** The sums over the segments, to be added up batch by batch with `addStatistics`. */
  statistics(hypotheses: readonly string[], references: References): BleuStatistics {
    checkStreams(hypotheses, references);
    return hypotheses
      .map((hypothesis, segment) => this.segmentStatistics(hypothesis, referencesOf(segment, references)))
      .reduce(addStatistics, this.noStatistics());
  }

  /** The statistics of one segment. @throws RangeError without any reference */
  segmentStatistics(hypothesis: string, references: readonly string[]): BleuStatistics {
    if (references.length === 0) throw new RangeError('a segment has no reference');
    const words = this.#words(hypothesis);
    const referenceWords = references.map((reference) => this.#words(reference));
    const union = countNgrams(referenceWords[0]!, this.#order);
    for (const other of referenceWords.slice(1)) mergeByMaximum(union, countNgrams(other, this.#order));
    const correct = countNgrams(words, this.#order).map((counts, index) => {
      let matches = 0;
      for (const [ngram, count] of counts) matches += Math.min(count, union[index]!.get(ngram) ?? 0);
      return matches;
    });
    return {
      hypothesisLength: words.length,
      referenceLength: closestLength(words.length, referenceWords),
      correct,
      total: correct.map((_, index) => Math.max(0, words.length - index)),
    };
  }

  /** Statistics of an empty corpus: where adding up begins. */
  noStatistics(): BleuStatistics {
    const zeros = new Array<number>(this.#order).fill(0);
    return { hypothesisLength: 0, referenceLength: 0, correct: zeros, total: zeros };
  }

  /** The score of statistics gathered under the same options. */
  score(statistics: BleuStatistics): BleuScore {
    return scoreStatistics(statistics, this.#smoothing);
  }

  /**
   * What must stand beside a score: `nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0`.
   * @param references how many references a segment has; see `countReferences`
   */
  signature(references: ReferenceCount = 1, format: { readonly short?: boolean } = {}): string {
    const { method, value, effectiveOrder } = this.#smoothing;
    const takesValue = SMOOTH_DEFAULTS[method] !== null;
    return formatSignature(
      [
        ['nrefs', String(references)],
        ['case', this.#lowercase ? 'lc' : 'mixed'],
        ['eff', effectiveOrder ? 'yes' : 'no'],
        ['tok', this.#tokenizerName],
        ['smooth', takesValue ? `${method}[${formatFixed(value, 2)}]` : method],
      ],
      format,
    );
  }

  #words(segment: string): string[] {
    return splitWords(this.#tokenize(trimEnd(this.#lowercase ? segment.toLowerCase() : segment)));
  }
}

/** The statistics of two parts of a corpus together. */
export function addStatistics(a: BleuStatistics, b: BleuStatistics): BleuStatistics {
  return {
    hypothesisLength: a.hypothesisLength + b.hypothesisLength,
    referenceLength: a.referenceLength + b.referenceLength,
    correct: a.correct.map((count, index) => count + b.correct[index]!),
    total: a.total.map((count, index) => count + b.total[index]!),
  };
}

/** The number of references for the signature: `var` where segments differ. */
export function countReferences(references: References): ReferenceCount {
  const segments = references[0]?.length ?? 0;
  const counts = new Set<number>();
  for (let segment = 0; segment < segments; segment++) counts.add(referencesOf(segment, references).length);
  return counts.size > 1 ? 'var' : ([...counts][0] ?? references.length);
}

function referencesOf(segment: number, references: References): string[] {
  return references.map((stream) => stream[segment] ?? null).filter((reference) => reference !== null);
}

function checkStreams(hypotheses: readonly string[], references: References): void {
  if (references.length === 0) throw new RangeError('there are no references');
  for (const [index, stream] of references.entries()) {
    if (stream.length !== hypotheses.length) {
      const which = references.length > 1 ? `reference stream ${index + 1} has` : 'there are';
      throw new RangeError(`${which} ${stream.length} references for ${hypotheses.length} hypotheses`);
    }
  }
}

/** The reference length nearest to the hypothesis's; the shorter of two that are as near. */
function closestLength(length: number, references: readonly (readonly string[])[]): number {
  return references
    .map((words) => words.length)
    .reduce((closest, candidate) => {
      const nearer = Math.abs(length - candidate) - Math.abs(length - closest);
      return nearer < 0 || (nearer === 0 && candidate < closest) ? candidate : closest;
    });
}
