import { InternalError } from '../errors.js';
import { gatherRows } from '../ops/row-layout.js';
import { classifierScores } from '../ops/row-scores.js';
import type { Criterion, CriterionOutput, Metric } from '../plugins/criterion.js';
import type { Classifier, Mode, TokenTable, TranslationModel } from '../plugins/model.js';
import type { TranslationBatch } from '../tasks/collate.js';
import * as tf from '../tf/index.js';

/** How the loss of a batch is computed. */
export interface BatchLossOptions {
  readonly mode: Mode;
  readonly epoch: number; // 1-based
  /** The number of target tokens at the start of each sentence that the loss ignores: --ignore-prefix-size. */
  readonly ignorePrefixSize: number;
}

/**
 * Computes the criterion's loss for one batch. The caller disposes the tensors. Two passes run as one pass over the
 * batch followed by its copy: dropout depends on an element's position, so the two halves get different masks.
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
  const features = gatherRows(decoded.features, indicesOf(index, decoded.positions));
  return { classifier: model.classifier(features), targets, counts };
}

/**
 * Whether a token that counts follows a literal `<pad>` and is therefore predicted from padding. As in fairseq, such a
 * position is decoded, but no other position attends to it.
 */
const readsPadding = ({ prevOutputTokens, rowIndex, padIndex }: TranslationBatch): boolean =>
  rowIndex.some((position) => prevOutputTokens[position] === padIndex);

/** The index in `positions` of each wanted position. Both lists are sorted. */
function indicesOf(wanted: Int32Array, positions: Int32Array): Int32Array {
  let next = 0;
  return wanted.map((position) => {
    while (next < positions.length && positions[next]! < position) next += 1;
    if (positions[next] !== position) throw new InternalError(`the model did not decode position ${position}`);
    return next;
  });
}

/** The rows that the loss is computed over. */
interface SelectedRows {
  readonly index: Int32Array; // [rows], flat positions in [batch, target]
  readonly targets: Int32Array; // [rows]
  readonly counts: Float32Array | null; // [rows], 0 for padding; null: every row counts
}

/** Selects the rows of the loss: without prefixes, and without padding unless the criterion scores it. */
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

/** The rows of a batch followed by those of its copy, whose positions are shifted by `positions`. */
function twice({ index, targets, counts }: SelectedRows, positions: number): SelectedRows {
  const both = repeat(index, 2);
  for (let row = index.length; row < both.length; row++) both[row]! += positions;
  return { index: both, targets: repeat(targets, 2), counts: counts === null ? null : repeat(counts, 2) };
}

/** The values, or two concatenated copies of them. */
function repeat<T extends Int32Array | Float32Array>(values: T, times: 1 | 2): T {
  if (times === 1) return values;
  const repeated = new (values.constructor as new (length: number) => T)(2 * values.length);
  repeated.set(values);
  repeated.set(values, values.length);
  return repeated;
}

/** One of a criterion's own metrics, read from the device. */
interface MetricValue {
  readonly sum: number;
  readonly unit: Metric['unit'];
}

/** The values of a criterion's metrics by name. */
export type MetricValues = Readonly<Record<string, MetricValue>>;

/** A criterion's output, read from the device: sums over the rows, in nats. */
export interface LossValues {
  readonly loss: number;
  readonly nll: number;
  readonly metrics: MetricValues;
}

/** `tf.tidy` for an object of tensors whose interface has no index signature, as TypeScript requires of a container. */
export function tidyOutput<T extends object>(body: () => T): T {
  return tf.tidy(body as () => T & tf.TensorContainer);
}

/** Reads a criterion's output from the device, then disposes it. */
export async function readLoss(output: CriterionOutput): Promise<LossValues> {
  const tensors = [output.loss, ...reportedTensors(output)];
  try {
    const [loss, ...reported] = await Promise.all(tensors.map(async (tensor) => (await tensor.data())[0]!));
    return lossValues(output, loss!, reported);
  } finally {
    tf.dispose(tensors);
  }
}

/** A criterion's output without the loss. */
export type Reported = Omit<CriterionOutput, 'loss'>;

/** The tensors of a criterion's output except the loss. */
export const reportedTensors = ({ nll, metrics = {} }: Reported): tf.Scalar[] => [
  nll,
  ...Object.values(metrics).map(({ sum }) => sum),
];

/** A criterion's output as numbers. @param reported the values of its `reportedTensors` */
export function lossValues({ metrics = {} }: Reported, loss: number, reported: readonly number[]): LossValues {
  const [nll, ...sums] = reported;
  const named = Object.entries(metrics).map(([name, { unit }], index) => [name, { sum: sums[index]!, unit }] as const);
  return { loss, nll: nll!, metrics: Object.fromEntries(named) };
}

/** Adds the losses of two micro-batches. */
export function addLosses(a: LossValues, b: LossValues): LossValues {
  const metrics: Record<string, MetricValue> = { ...a.metrics };
  for (const [name, { sum, unit }] of Object.entries(b.metrics)) {
    metrics[name] = { sum: (metrics[name]?.sum ?? 0) + sum, unit };
  }
  return { loss: a.loss + b.loss, nll: a.nll + b.nll, metrics };
}
