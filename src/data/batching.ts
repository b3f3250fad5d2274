import { InternalError } from '../errors.js';
import { MersenneTwister } from './mersenne-twister.js';

/** Lengths of a corpus's sentence pairs, in ids with `</s>`. */
export interface PairSizes {
  readonly source: Int32Array; // [sentences]
  readonly target: Int32Array | null; // [sentences]; null when there is no target side
}

/** How many sentences make a batch; 0 leaves a limit out. */
export interface BatchLimits {
  /** Upper bound of max(source, target) × sentences. */
  readonly maxTokens: number;
  readonly maxSentences: number;
  /** A batch has a multiple of it in sentences, or fewer than it. */
  readonly requiredBatchSizeMultiple: number;
}

/** The longest source and target, in ids with `</s>`. */
export interface MaxPositions {
  readonly source: number;
  readonly target: number;
}

/**
 * The order in which batches are cut: a permutation seeded with `seed` (null: the file's order), stably sorted by target
 * and then by source length, so that neighbours have equal lengths.
 */
export function orderedIndices(sizes: PairSizes, seed: number | null): Int32Array {
  const { source, target } = sizes;
  const indices =
    seed === null ? source.map((_, index) => index) : new MersenneTwister(seed).permutation(source.length);
  if (target !== null) indices.sort((a, b) => target[a]! - target[b]!);
  return indices.sort((a, b) => source[a]! - source[b]!);
}

/** The length that counts against `maxTokens`: the longer side's. */
export function pairTokens({ source, target }: PairSizes, index: number): number {
  return Math.max(source[index]!, target?.[index] ?? 0);
}

/** Divides ordered indices into those whose sentences fit and those with a side that is too long. */
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
 * Cuts ordered indices into batches as fairseq 0.12.2 does: a batch grows as long as its sentences, padded to the
 * longest of them, stay within the limits, and is cut back to a multiple of `requiredBatchSizeMultiple`; what was cut
 * off begins the next batch. No sentence is lost.
 *
 * @param tokens the length of a sentence that counts against `maxTokens`
 * @throws InternalError if one sentence alone exceeds `maxTokens`: `makeBatches` has seen to that
 */
export function batchBySize(
  indices: Int32Array,
  tokens: (index: number) => number,
  { maxTokens, maxSentences, requiredBatchSizeMultiple: multiple }: BatchLimits,
): Int32Array[] {
  const exceeds = (value: number, limit: number): boolean => limit > 0 && value > limit;
  const batches: Int32Array[] = [];
  // The running batch is [start, end); [end, at] is its tail, which joins once their size together is allowed.
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
