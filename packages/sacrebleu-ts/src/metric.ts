import { checkStreams, type References, referencesOf } from './references.js';
import { formatSignature, type ReferenceCount, type SignatureField, type SignatureOptions } from './signature.js';

/** The sums that a score is made of; those of two parts of a corpus add up to those of the whole. */
export type Statistics = readonly number[];

/** Where a score lies in 95 of 100 resamples of the segments. */
export interface ConfidenceInterval {
  readonly mean: number; // over the resamples
  readonly halfWidth: number; // of the middle 95 per cent
}

/** The score of a corpus or segment. */
export interface MetricScore {
  /** As it is printed: `BLEU`, `chrF2++`, `TER`. */
  readonly name: string;
  readonly score: number; // 0 … 100; TER has no upper bound
  /** What is printed after the score; `''` for none. */
  readonly details: string;
}

/**
 * The arithmetic of a score. Plain numbers give the score of a corpus. sacrebleu's significance tests compute in numpy
 * arrays: resamples in float32, shuffles in int64, where a fraction that is added to a count is cut off.
 */
export type Arithmetic = 'float64' | 'float32' | 'int64';

/** The types in which numpy holds what a metric's significance tests compute. */
export interface NumpyTypes {
  readonly scores: 'float64' | 'float32'; // of resamples
  readonly sums: 'int64' | 'float64'; // of shuffles
}

/** One metric under one set of options; equal to the metric of that name of sacrebleu 2.6.0. */
export abstract class Metric<Score extends MetricScore = MetricScore> {
  /** As it is printed: `BLEU`, `chrF2++`, `TER`. */
  abstract readonly name: string;
  /** How many sums the statistics are. */
  protected abstract readonly width: number;
  protected abstract readonly signatureFields: readonly SignatureField[];
  /** The types in which sacrebleu's significance tests compute this metric. */
  abstract readonly numpyTypes: NumpyTypes;

  /** The statistics of one segment. @throws RangeError without any reference */
  abstract segmentStatistics(hypothesis: string, references: readonly string[]): Statistics;

  /** The score of statistics gathered under the same options. */
  abstract score(statistics: Statistics, arithmetic?: Arithmetic): Score;

  /** The score of a corpus. @throws RangeError where hypotheses and references differ in number */
  corpusScore(hypotheses: readonly string[], references: References): Score {
    return this.score(this.statistics(hypotheses, references));
  }

  /** The score of one sentence. */
  sentenceScore(hypothesis: string, references: readonly string[]): Score {
    return this.score(this.segmentStatistics(hypothesis, references));
  }

  /** The sums over the segments, to be added up batch by batch with `addStatistics`. */
  statistics(hypotheses: readonly string[], references: References): Statistics {
    checkStreams(hypotheses, references);
    const sums = [...this.noStatistics()];
    for (const [segment, hypothesis] of hypotheses.entries()) {
      const own = this.segmentStatistics(hypothesis, referencesOf(segment, references));
      for (let index = 0; index < sums.length; index++) sums[index]! += own[index]!;
    }
    return sums;
  }

  /** The statistics of each segment: what significance tests draw from. */
  statisticsOfSegments(hypotheses: readonly string[], references: References): Statistics[] {
    checkStreams(hypotheses, references);
    return hypotheses.map((hypothesis, segment) =>
      this.segmentStatistics(hypothesis, referencesOf(segment, references)),
    );
  }

  /** Statistics of an empty corpus: where adding up begins. */
  noStatistics(): Statistics {
    return new Array<number>(this.width).fill(0);
  }

  /**
   * What must stand beside a score: `nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0`.
   * @param references how many references a segment has; see `countReferences`
   */
  signature(references: ReferenceCount = 1, options: SignatureOptions = {}): string {
    return formatSignature(references, this.signatureFields, options);
  }
}

/** The statistics of two parts of a corpus together. */
export function addStatistics(a: Statistics, b: Statistics): Statistics {
  return a.map((sum, index) => sum + b[index]!);
}

/** How results are rounded under an arithmetic. */
export function roundingOf(arithmetic: Arithmetic): (value: number) => number {
  return arithmetic === 'float32' ? Math.fround : (value) => value;
}

/** @throws RangeError without any reference */
export function requireReference(references: readonly string[]): void {
  if (references.length === 0) throw new RangeError('a segment has no reference');
}
