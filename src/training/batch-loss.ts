import { gatherRows } from '../ops/gather-rows.js';
import { classifierScores } from '../ops/row-scores.js';
import type { Criterion, CriterionOutput } from '../plugins/criterion.js';
import type { Mode, TranslationModel } from '../plugins/model.js';
import type { TranslationBatch } from '../tasks/collate.js';
import * as tf from '../tf.js';

export interface BatchLossOptions {
  readonly mode: Mode;
  readonly epoch: number; // 1-based
  /** Target tokens at the beginning of each sentence that the loss leaves out: --ignore-prefix-size. */
  readonly ignorePrefixSize: number;
}

/** The criterion's loss of one batch under a model; the tensors are the caller's to dispose. */
export function batchLoss(
  model: TranslationModel,
  criterion: Criterion,
  batch: TranslationBatch,
  { mode, epoch, ignorePrefixSize }: BatchLossOptions,
): CriterionOutput {
  const { batchSize, sourceLength, targetLength } = batch;
  const sourceTokens = tf.tensor2d(batch.sourceTokens, [batchSize, sourceLength], 'int32');
  const prevOutputTokens = tf.tensor2d(batch.prevOutputTokens, [batchSize, targetLength], 'int32');
  const decoded = model.decode(prevOutputTokens, model.encode(sourceTokens, mode), mode);
  const { index, targets, counts } = selectRows(batch, criterion.paddingRows, ignorePrefixSize);
  const features = gatherRows(tf.reshape(decoded, [batchSize * targetLength, decoded.shape[2]]), index);
  const rowTargets = tf.tensor1d(targets, 'int32');
  return criterion.forward({
    scores: classifierScores(model.classifier(features), rowTargets),
    targets: rowTargets,
    counts: counts === null ? null : tf.tensor1d(counts),
    epoch,
  });
}

/** The rows of the loss. */
interface SelectedRows {
  readonly index: Int32Array; // [rows], flat positions in [batch, target]
  readonly targets: Int32Array; // [rows]
  readonly counts: Float32Array | null; // [rows], 0 at padding; null = all count
}

/** Leaves out prefixes, and padding unless the criterion scores it. */
export function selectRows(
  { batchSize, targetLength, target, rowIndex, rowTargets }: TranslationBatch,
  paddingRows: Criterion['paddingRows'],
  ignorePrefixSize: number,
): SelectedRows {
  if (paddingRows === 'drop' && ignorePrefixSize === 0) return { index: rowIndex, targets: rowTargets, counts: null };
  const isAfterPrefix = (position: number): boolean => position % targetLength >= ignorePrefixSize;
  const candidates =
    paddingRows === 'drop' ? rowIndex : Int32Array.from({ length: batchSize * targetLength }, (_, at) => at);
  const index = candidates.filter(isAfterPrefix);
  const targets = index.map((position) => target[position]!);
  if (paddingRows === 'drop') return { index, targets, counts: null };
  const isToken = new Set(rowIndex);
  return { index, targets, counts: Float32Array.from(index, (position) => (isToken.has(position) ? 1 : 0)) };
}
