import { InternalError } from '../errors.js';
import { gatherRows } from '../ops/row-layout.js';
import { classifierScores } from '../ops/row-scores.js';
import type { Criterion, CriterionOutput } from '../plugins/criterion.js';
import type { Classifier, Mode, TokenTable, TranslationModel } from '../plugins/model.js';
import type { TranslationBatch } from '../tasks/collate.js';
import * as tf from '../tf/index.js';

export interface BatchLossOptions {
  readonly mode: Mode;
  readonly epoch: number; // 1-based
  /** Target tokens at the beginning of each sentence that the loss leaves out: --ignore-prefix-size. */
  readonly ignorePrefixSize: number;
}

/**
 * The criterion's loss of one batch under a model; the tensors are the caller's to dispose. Two passes are one over the
 * batch and its copy behind it: an element's dropout depends on where it stands, so that the two draw different masks.
 */
export function batchLoss(
  model: TranslationModel,
  criterion: Criterion,
  batch: TranslationBatch,
  { mode, epoch, ignorePrefixSize }: BatchLossOptions,
): CriterionOutput {
  const passes = mode.dropout === null ? 1 : (criterion.passes ?? 1);
  const { paddingRows } = criterion;
  const { classifier, targets, counts } = batchRows(model, batch, { mode, passes, paddingRows, ignorePrefixSize });
  const rowTargets = tf.tensor1d(targets, 'int32');
  return criterion.forward({
    scores: classifierScores(classifier, rowTargets),
    targets: rowTargets,
    counts: counts === null ? null : tf.tensor1d(counts),
    epoch,
    passes,
  });
}

/** The predictions of a batch, teacher-forced: one row per target token, or per position if padding is kept. */
export interface BatchRows {
  readonly classifier: Classifier;
  readonly targets: Int32Array; // [rows]
  readonly counts: Float32Array | null; // [rows], 0 at padding; null = all count
}

/** Runs a batch through a model; the tensors are the caller's to dispose. */
export function batchRows(
  model: TranslationModel,
  batch: TranslationBatch,
  {
    mode,
    passes,
    paddingRows,
    ignorePrefixSize,
  }: Pick<BatchLossOptions, 'mode' | 'ignorePrefixSize'> & {
    readonly passes: 1 | 2;
    readonly paddingRows: Criterion['paddingRows'];
  },
): BatchRows {
  const sentences = passes * batch.batchSize;
  const table = (ids: Int32Array, time: number): TokenTable => ({ ids: repeat(ids, passes), batch: sentences, time });
  const encoded = model.encode(table(batch.sourceTokens, batch.sourceLength), mode);
  const prevOutput = table(batch.prevOutputTokens, batch.targetLength);
  const rows = paddingRows === 'keep' || readsPadding(batch) ? 'all' : 'tokens';
  const decoded = model.decode(prevOutput, encoded, mode, rows);
  const selected = selectRows(batch, paddingRows, ignorePrefixSize);
  const { index, targets, counts } = passes === 1 ? selected : twice(selected, batch.batchSize * batch.targetLength);
  const features = gatherRows(decoded.features, placesOf(index, decoded.positions));
  return { classifier: model.classifier(features), targets, counts };
}

/**
 * Whether a token that counts is predicted from padding: a literal `<pad>` stands before it. As in fairseq nothing sees
 * that position, but it is decoded.
 */
const readsPadding = ({ prevOutputTokens, rowIndex, padIndex }: TranslationBatch): boolean =>
  rowIndex.some((position) => prevOutputTokens[position] === padIndex);

/** Where positions stand in a list of positions; both in order. */
function placesOf(wanted: Int32Array, positions: Int32Array): Int32Array {
  let place = 0;
  return wanted.map((position) => {
    while (place < positions.length && positions[place]! < position) place += 1;
    if (positions[place] !== position) throw new InternalError(`the model did not decode position ${position}`);
    return place;
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

/** The rows of a batch, then those of its copy, which stands `positions` further on. */
function twice({ index, targets, counts }: SelectedRows, positions: number): SelectedRows {
  const both = repeat(index, 2);
  for (let row = index.length; row < both.length; row++) both[row]! += positions;
  return { index: both, targets: repeat(targets, 2), counts: counts === null ? null : repeat(counts, 2) };
}

/** The values once, or twice one after another. */
function repeat<T extends Int32Array | Float32Array>(values: T, times: 1 | 2): T {
  if (times === 1) return values;
  const repeated = new (values.constructor as new (length: number) => T)(2 * values.length);
  repeated.set(values);
  repeated.set(values, values.length);
  return repeated;
}
