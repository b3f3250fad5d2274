import { checkStreams, type References, referencesOf } from './references.js';
import { formatSignature, type ReferenceCount, type SignatureField, type SignatureOptions } from './signature.js';

/** The sums from which a score is computed; those of two parts of a corpus add up to those of the whole corpus. */
export type Statistics = readonly number[];

/** The interval that contains the score in 95 % of the resamples of the segments. */
export interface ConfidenceInterval {
  readonly mean: number; // over the resamples
  readonly halfWidth: number; // of the middle 95 per cent
}

/** The score of a corpus or segment. */
export interface MetricScore {
  /** The printed name: `BLEU`, `chrF2++`, `TER`. */
  readonly name: string;
  readonly score: number; // 0 … 100; TER has no upper bound
  /** The text printed after the score, or `''`. */
  readonly details: string;
}

/**
 * The arithmetic of a score. The score of a corpus is computed in float64. sacrebleu's significance tests compute in numpy
 * arrays: resamples in float32, shuffles in int64, where fractions added to a count are truncated.
 */
export type Arithmetic = 'float64' | 'float32' | 'int64';

/** The numpy types of a metric's significance tests. */
export interface NumpyTypes {
  readonly scores: 'float64' | 'float32'; // of resamples
  readonly sums: 'int64' | 'float64'; // of shuffles
}

/** A metric with one set of options; equal to the metric with this name in sacrebleu 2.6.0. */
export abstract class Metric<Score extends MetricScore = MetricScore> {
  /** The printed name: `BLEU`, `chrF2++`, `TER`. */
  abstract readonly name: string;
  /** The number of sums in the statistics. */
  protected abstract readonly width: number;
  protected abstract readonly signatureFields: readonly SignatureField[];
  /** The types in which sacrebleu's significance tests compute this metric. */
  abstract readonly numpyTypes: NumpyTypes;

  /** The statistics of one segment. @throws RangeError if there is no reference */
  abstract segmentStatistics(hypothesis: string, references: readonly string[]): Statistics;

  /** The score of statistics that were computed with the same options. */
  abstract score(statistics: Statistics, arithmetic?: Arithmetic): Score;

  /** The score of a corpus. @throws RangeError if the numbers of hypotheses and references differ */
  corpusScore(hypotheses: readonly string[], references: References): Score {
    return this.score(this.statistics(hypotheses, references));
  }

  /** The score of one sentence. */
  sentenceScore(hypothesis: string, references: readonly string[]): Score {
    return this.score(this.segmentStatistics(hypothesis, references));
  }

  /** The sums over the segments; add those of several batches with `addStatistics`. */
  statistics(hypotheses: readonly string[], references: References): Statistics {
    checkStreams(hypotheses, references);
    const sums = [...this.noStatistics()];
    for (const [segment, hypothesis] of hypotheses.entries()) {
      const own = this.segmentStatistics(hypothesis, referencesOf(segment, references));
      for (let index = 0; index < sums.length; index++) sums[index]! += own[index]!;
    }
    return sums;
  }

  /** The statistics of each segment, for significance tests. */
  statisticsOfSegments(hypotheses: readonly string[], references: References): Statistics[] {
    checkStreams(hypotheses, references);
    return hypotheses.map((hypothesis, segment) =>
      this.segmentStatistics(hypothesis, referencesOf(segment, references)),
    );
  }

  /** The statistics of an empty corpus, to start a sum with. */
  noStatistics(): Statistics {
    return new Array<number>(this.width).fill(0);
  }

  /**
   * The signature to print with a score: `nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0`.
   * @param references the number of references per segment; see `countReferences`
   */
  signature(references: ReferenceCount = 1, options: SignatureOptions = {}): string {
    return formatSignature(references, this.signatureFields, options);
  }
}

/** Adds the statistics of two parts of a corpus. */
export function addStatistics(a: Statistics, b: Statistics): Statistics {
  return a.map((sum, index) => sum + b[index]!);
}

/** The rounding of results in an arithmetic. */
export function roundingOf(arithmetic: Arithmetic): (value: number) => number {
  return arithmetic === 'float32' ? Math.fround : (value) => value;
}

/** @throws RangeError if there is no reference */
export function requireReference(references: readonly string[]): void {
  if (references.length === 0) throw new RangeError('a segment has no reference');
}
