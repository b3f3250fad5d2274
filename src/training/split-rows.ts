import { setImmediate } from 'node:timers/promises';
import { type AnalyzedRows, analyzeRows } from '../analysis/analyze-rows.js';
import type { FeatureRows } from '../analysis/probe.js';
import { accuracyOf, joinRows, meanNll, type ScoreRows } from '../analysis/score-rows.js';
import { UserError } from '../errors.js';
import type { Criterion } from '../plugins/criterion.js';
import { type Classifier, EVALUATION, type TranslationModel } from '../plugins/model.js';
import type { TranslationTask } from '../tasks/translation.js';
import type * as tf from '../tf/index.js';
import { batchRows, tidyOutput } from './batch-loss.js';
import { logProgress } from './events.js';
import type { BatchedSplit } from './train-data.js';

/** A model and the task that makes its batches. */
export interface ModelOfTask {
  readonly task: TranslationTask;
  readonly model: TranslationModel;
  /** Target tokens at the beginning of each sentence that the loss leaves out. */
  readonly ignorePrefixSize: number;
}

/** Rows of a batch: target tokens with `</s>`, without padding. */
interface Rows {
  readonly classifier: Classifier;
  readonly targets: Int32Array; // [rows]
}

/** Calls `visit` with the rows of each batch, teacher-forced, without dropout; their tensors last until it returns. */
async function visitRows(
  { task, model, ignorePrefixSize }: ModelOfTask,
  { data, batches }: BatchedSplit,
  label: string,
  visit: (rows: Rows) => Promise<void>,
): Promise<void> {
  for (const [index, ids] of batches.entries()) {
    const batch = task.collate(data, ids);
    model.parameters.useDevice();
    let targets: Int32Array = new Int32Array(0);
    const classifier = tidyOutput((): Classifier => {
      const rows = batchRows(model, batch, { mode: EVALUATION, passes: 1, paddingRows: 'drop', ignorePrefixSize });
      targets = rows.targets;
      return rows.classifier;
    });
    try {
      if (targets.length > 0) await visit({ classifier, targets });
    } finally {
      disposeClassifier(classifier, model);
    }
    await setImmediate(); // lets signals and finalizers in, as in training
    logProgress(`${label} '${data.split}'`, index + 1, batches.length, []);
  }
}

/** The weights are usually a parameter of the model, which keeps it. */
function disposeClassifier({ features, weights }: Classifier, { parameters }: TranslationModel): void {
  features.dispose();
  if (!parameters.trainable.some(({ tensor }) => tensor === weights)) weights.dispose();
}

/** The scores of a split and the gradients of criterions by them. @param epoch 1-based, for criterions with a schedule */
export async function analyzeSplit(
  model: ModelOfTask,
  split: BatchedSplit,
  criterions: readonly Criterion[],
  epoch: number,
): Promise<AnalyzedRows> {
  const { parameters } = model.model;
  const parts: AnalyzedRows[] = [];
  await visitRows(model, split, 'scores of', async ({ classifier, targets }) => {
    parts.push(await analyzeRows(classifier, targets, criterions, epoch, () => parameters.useDevice()));
  });
  return {
    scores: joinRows(parts.map(({ scores }) => scores)),
    targetGradients: criterions.map((_, index) => joinValues(parts.map((part) => part.targetGradients[index]!))),
  };
}

function joinValues(parts: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let start = 0;
  for (const part of parts) {
    joined.set(part, start);
    start += part.length;
  }
  return joined;
}

/** The features of a split, in memory: `checkFeatureMemory` says whether they fit. @param embed width of the features */
export async function readFeatures(model: ModelOfTask, split: BatchedSplit, embed: number): Promise<FeatureRows> {
  const rows = countRows(split, model.ignorePrefixSize);
  const features = new Float32Array(rows * embed);
  const targets = new Int32Array(rows);
  let start = 0;
  await visitRows(model, split, 'features of', async (batch) => {
    features.set((await batch.classifier.features.data()) as Float32Array, start * embed);
    targets.set(batch.targets, start);
    start += batch.targets.length;
  });
  return { embed, features: features.subarray(0, start * embed), targets: targets.subarray(0, start) };
}

/** At most how many rows the batches of a split have. */
function countRows({ data, batches }: BatchedSplit, ignorePrefixSize: number): number {
  const lengths = data.sizes.target!;
  let rows = 0;
  for (const ids of batches) for (const id of ids) rows += Math.max(0, lengths[id]! - ignorePrefixSize);
  return rows;
}

const GIBIBYTE = 2 ** 30;

/**
 * @param embed width of the features
 * @param memory GiB that they may take
 * @throws UserError if the features of a split take more
 */
export function checkFeatureMemory(
  { ignorePrefixSize }: ModelOfTask,
  split: BatchedSplit,
  embed: number,
  memory: number,
): void {
  const gibibytes = (countRows(split, ignorePrefixSize) * embed * Float32Array.BYTES_PER_ELEMENT) / GIBIBYTE;
  if (gibibytes <= memory) return;
  const needed = Number(gibibytes.toPrecision(3));
  throw new UserError(
    `the features of '${split.data.split}' take ${needed} GiB, more than --probe-memory ${memory}`,
    'raise --probe-memory if the machine has that much, or leave --probe-epochs out',
  );
}

/** How often another output projection is right on the rows of a split, and its mean −log p_y in nats. */
export async function scoreProjection(
  model: ModelOfTask,
  split: BatchedSplit,
  weights: () => tf.Tensor2D,
): Promise<{ readonly accuracy: number; readonly nll: number }> {
  const { parameters } = model.model;
  const parts: ScoreRows[] = [];
  await visitRows(model, split, 'probe on', async ({ classifier: { features }, targets }) => {
    const classifier = { features, weights: weights() };
    parts.push((await analyzeRows(classifier, targets, [], 1, () => parameters.useDevice())).scores);
  });
  const scores = joinRows(parts);
  return { accuracy: accuracyOf(scores), nll: meanNll(scores) };
}
