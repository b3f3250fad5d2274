import { InternalError } from '../errors.js';
import { MersenneTwister } from './mersenne-twister.js';

/** Lengths of the sentence pairs of a corpus, in ids including `</s>`. */
export interface PairSizes {
  readonly source: Int32Array; // [sentences]
  readonly target: Int32Array | null; // [sentences]; null without a target side
}

/** Limits on the size of a batch; 0 means no limit. */
export interface BatchLimits {
  /** Upper bound of max(source length, target length) × sentences. */
  readonly maxTokens: number;
  readonly maxSentences: number;
  /** The number of sentences in a batch is a multiple of this, or less than this. */
  readonly requiredBatchSizeMultiple: number;
}

/** The maximum source and target lengths, in ids including `</s>`. */
export interface MaxPositions {
  readonly source: number;
  readonly target: number;
}

/**
 * The order in which sentences are divided into batches: a permutation seeded with `seed` (null: the order of the
 * file), stably sorted by target length and then by source length, so that neighbours have similar lengths.
 */
export function orderedIndices(sizes: PairSizes, seed: number | null): Int32Array {
  const { source, target } = sizes;
  const indices =
    seed === null ? source.map((_, index) => index) : new MersenneTwister(seed).permutation(source.length);
  if (target !== null) indices.sort((a, b) => target[a]! - target[b]!);
  return indices.sort((a, b) => source[a]! - source[b]!);
}

/** The length that counts towards `maxTokens`: that of the longer side. */
export function pairTokens({ source, target }: PairSizes, index: number): number {
  return Math.max(source[index]!, target?.[index] ?? 0);
}

/** Divides ordered indices into sentences that fit and sentences with a side that is too long. */
export function filterBySize(
  indices: Int32Array,
  { source, target }: PairSizes,
  limit: MaxPositions,
): { kept: Int32Array; tooLong: Int32Array } {
  const fits = (index: number): boolean =>
    source[index]! <= limit.source && (target === null || target[index]! <= limit.target);
  return { kept: indices.filter(fits), tooLong: indices.filter((index) => !fits(index)) };
}

/**
 * Divides ordered indices into batches like fairseq 0.12.2. A batch grows while its sentences, padded to the longest,
 * stay within the limits. It is then reduced to a multiple of `requiredBatchSizeMultiple`; the rest starts the next
 * batch. No sentence is lost.
 *
 * @param tokens the length of a sentence that counts towards `maxTokens`
 * @throws InternalError if a single sentence exceeds `maxTokens`; `makeBatches` prevents this
 */
export function batchBySize(
  indices: Int32Array,
  tokens: (index: number) => number,
  { maxTokens, maxSentences, requiredBatchSizeMultiple: multiple }: BatchLimits,
): Int32Array[] {
  const exceeds = (value: number, limit: number): boolean => limit > 0 && value > limit;
  const batches: Int32Array[] = [];
  // The current batch is [start, end). Its tail [end, at] joins it when their combined size is allowed.
  let start = 0;
  let end = 0;
  let batchLongest = 0;
  let tailLongest = 0;
  const cut = (until: number): void => {
    batches.push(indices.slice(start, until));
    start = until;
  };

  for (let at = 0; at < indices.length; at++) {
    const length = tokens(indices[at]!);
    if (exceeds(length, maxTokens)) throw new InternalError(`sentence ${indices[at]} fits no batch`);
    tailLongest = Math.max(tailLongest, length);
    let longest = Math.max(batchLongest, tailLongest);
    const sentences = at + 1 - start;
    const isFull = exceeds(sentences, maxSentences) || exceeds(sentences * longest, maxTokens);
    if (isFull) {
      const tailIsFull = exceeds(tailLongest * (at + 1 - end), maxTokens);
      cut(end);
      if (tailIsFull) {
        cut(at);
        tailLongest = length;
      }
      longest = tailLongest;
    }
    if (isFull || sentences < multiple || sentences % multiple === 0) {
      end = at + 1;
      batchLongest = longest;
      tailLongest = 0;
    }
  }
  if (end > start) cut(end);
  if (start < indices.length) cut(indices.length);
  return batches;
}
