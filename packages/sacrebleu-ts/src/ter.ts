import { type Arithmetic, Metric, type MetricScore, requireReference, roundingOf, type Statistics } from './metric.js';
import { splitWords, trimEnd } from './python-text.js';
import type { SignatureField } from './signature.js';
import { countEdits } from './ter/count-edits.js';
import { tercomText } from './ter/tercom-text.js';
import { Vocabulary } from './vocabulary.js';

/** Options of TER; the comments give the defaults. */
export interface TerOptions {
  /** Split punctuation from words and resolve entities, as TERCOM does. */
  readonly normalized?: boolean; // false
  readonly noPunct?: boolean; // false
  /** With `normalized`, every CJK character is a word; with `noPunct`, CJK punctuation is removed too. */
  readonly asianSupport?: boolean; // false
  readonly caseSensitive?: boolean; // false
}

/** A TER score with its counts. */
export interface TerScore extends MetricScore {
  readonly edits: number; // insertions, deletions, substitutions and shifts
  readonly referenceLength: number; // words, the mean over a segment's references
}

/**
 * TER (Snover et al. 2006) with one set of options, equal to `sacrebleu.TER` of release 2.6.0. Its statistics are the
 * edits to the closest reference and the mean length of the references.
 */
export class Ter extends Metric<TerScore> {
  override readonly name = 'TER';
  protected override readonly width = 2;
  protected override readonly signatureFields: readonly SignatureField[];
  override readonly numpyTypes = { scores: 'float32', sums: 'float64' } as const;
  readonly #words: (segment: string) => number[];
  readonly #vocabulary = new Vocabulary();

  constructor(options: TerOptions = {}) {
    super();
    const { normalized = false, noPunct = false, asianSupport = false, caseSensitive = false } = options;
    const settings = { normalized, noPunct, asianSupport, caseSensitive };
    this.#words = (segment) => this.#vocabulary.ids(splitWords(tercomText(trimEnd(segment), settings)));
    this.signatureFields = [
      ['case', 'c', caseSensitive ? 'mixed' : 'lc'],
      ['tok', 't', 'tercom'],
      ['norm', 'nr', normalized ? 'yes' : 'no'],
      ['punct', 'pn', noPunct ? 'no' : 'yes'],
      ['asian', 'as', asianSupport ? 'yes' : 'no'],
    ];
  }

  override segmentStatistics(hypothesis: string, references: readonly string[]): Statistics {
    requireReference(references);
    this.#vocabulary.startSegment();
    const words = this.#words(hypothesis);
    const referenceWords = references.map(this.#words);
    return [
      Math.min(...referenceWords.map((reference) => countEdits(words, reference))),
      referenceWords.reduce((sum, reference) => sum + reference.length, 0) / references.length,
    ];
  }

  override score(statistics: Statistics, arithmetic: Arithmetic = 'float64'): TerScore {
    const [edits, referenceLength] = [statistics[0]!, statistics[1]!];
    const round = roundingOf(arithmetic);
    const rate = referenceLength > 0 ? round(edits / referenceLength) : edits > 0 ? 1 : 0;
    return { name: 'TER', score: round(100 * rate), edits: Math.trunc(edits), referenceLength, details: '' };
  }
}
