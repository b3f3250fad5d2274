import { UserError } from '../errors.js';
import {
  type BatchLimits,
  batchBySize,
  filterBySize,
  type MaxPositions,
  orderedIndices,
  type PairSizes,
  pairTokens,
} from './batching.js';

/** Limits on batches and sentences. */
export interface MakeBatchesOptions {
  /** The name of the split, for messages. */
  readonly split: string;
  readonly maxTokens?: number | null;
  readonly maxSentences?: number | null;
  readonly requiredBatchSizeMultiple?: number;
  /** The maximum lengths that the task and the model allow; null: no limit. */
  readonly maxPositions?: MaxPositions | null;
  /** Whether to skip sentences longer than `maxPositions` or `maxTokens` instead of throwing an error. */
  readonly skipInvalidSizes?: boolean;
  /** The option that gives `maxTokens`, for messages. Default: --max-tokens. */
  readonly maxTokensFlag?: string;
  /** Null keeps the order of the file among sentences of equal length, as fairseq does for the split `test`. */
  readonly seed: number | null;
  /** The epoch for which the batches are made; fairseq shuffles with `seed + epoch` before making them. */
  readonly epoch?: number;
}

/** The batches of a split. */
export interface Batches {
  /** The sentence ids of each batch; within a batch, short sentences come first. */
  readonly batches: Int32Array[];
  /** The ids of the sentences that were skipped because of their length. */
  readonly skipped: Int32Array;
}

/**
 * Divides a split into batches exactly like fairseq 0.12.2, for training, validation and generation alike.
 *
 * @throws UserError if neither `maxTokens` nor `maxSentences` is set, or a sentence is too long and not skipped
 */
export function makeBatches(sizes: PairSizes, options: MakeBatchesOptions): Batches {
  const { seed, epoch = 1, maxPositions = null, skipInvalidSizes = false } = options;
  const limits = batchLimits(options);
  const indices = orderedIndices(sizes, seed === null ? null : seed + epoch);
  const bounds = longestAllowed(maxPositions, limits.maxTokens);
  const { kept, tooLong } = filterBySize(indices, sizes, bounds);
  if (tooLong.length > 0 && !skipInvalidSizes) throw tooLongError(tooLong[0]!, sizes, options);
  return { batches: batchBySize(kept, (index) => pairTokens(sizes, index), limits), skipped: tooLong };
}

function batchLimits({ maxTokens, maxSentences, requiredBatchSizeMultiple = 8 }: MakeBatchesOptions): BatchLimits {
  const limits = { maxTokens: maxTokens ?? 0, maxSentences: maxSentences ?? 0, requiredBatchSizeMultiple };
  if (limits.maxTokens > 0 || limits.maxSentences > 0) return limits;
  throw new UserError('no batch size is given', 'add --max-tokens or --batch-size (or both)');
}

function longestAllowed(maxPositions: MaxPositions | null, maxTokens: number): MaxPositions {
  const most = maxTokens > 0 ? maxTokens : Number.POSITIVE_INFINITY;
  return {
    source: Math.min(maxPositions?.source ?? most, most),
    target: Math.min(maxPositions?.target ?? most, most),
  };
}

function tooLongError(
  index: number,
  sizes: PairSizes,
  { split, maxPositions, maxTokens, maxTokensFlag = '--max-tokens' }: MakeBatchesOptions,
): UserError {
  const [source, target] = [sizes.source[index]!, sizes.target?.[index] ?? 0];
  const rules = [
    { side: 'source', length: source, limit: maxPositions?.source, flag: '--max-source-positions' },
    { side: 'target', length: target, limit: maxPositions?.target, flag: '--max-target-positions' },
    {
      side: source >= target ? 'source' : 'target',
      length: Math.max(source, target),
      limit: maxTokens,
      flag: maxTokensFlag,
    },
  ];
  const { side, length, limit, flag } = rules.find((rule) => rule.length > (rule.limit ?? Infinity))!;
  return new UserError(
    `the ${side} of ${split} sentence ${index} (line ${index + 1}) has ${length} tokens including </s>, more than ${flag} ${limit}`,
    `raise ${flag}, or skip such sentences with --skip-invalid-size-inputs-valid-test`,
  );
}
