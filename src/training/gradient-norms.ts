import { setImmediate } from 'node:timers/promises';
import type { LabelledCriterion } from '../analysis/criterions.js';
import { shuffleBatches } from '../data/epoch-iterator.js';
import { UserError } from '../errors.js';
import type { ArenaKernels } from '../optim/arena-kernels.js';
import { setLossGradient, squaredGradientNorm } from '../optim/loss-gradient.js';
import { EVALUATION } from '../plugins/model.js';
import type { TranslationBatch } from '../tasks/collate.js';
import { batchLoss } from './batch-loss.js';
import { logProgress } from './events.js';
import type { ModelOfTask } from './split-rows.js';
import type { BatchedSplit } from './train-data.js';

/** Which batches the norms are averaged over. */
export interface GradientNormOptions {
  /** Divide by sentences, not by target tokens. */
  readonly sentenceAvg: boolean;
  /** 1-based, for criterions with a schedule. */
  readonly epoch: number;
}

/** The batches that come first in the first epoch of a training run with this seed. */
export const firstBatches = (split: BatchedSplit, count: number, seed: number): BatchedSplit => ({
  ...split,
  batches: shuffleBatches(split.batches, seed, 1).slice(0, count),
});

/** Norms of the gradients of criterions on the same batches. */
export interface GradientNorms {
  readonly norms: readonly number[]; // by criterion, the mean over batches
  readonly tokens: number; // target tokens of all batches
}

/**
 * The norm over all weights of the gradient of loss / sample size, without dropout and unclipped, for each criterion.
 * @throws UserError if a gradient is not finite
 */
export async function gradientNorms(
  model: ModelOfTask,
  { data, batches }: BatchedSplit,
  criterions: readonly LabelledCriterion[],
  kernels: ArenaKernels,
  options: GradientNormOptions,
): Promise<GradientNorms> {
  const sums = criterions.map(() => 0);
  let tokens = 0;
  for (const [position, ids] of batches.entries()) {
    const batch = model.task.collate(data, ids);
    for (const [index, labelled] of criterions.entries()) {
      sums[index]! += await gradientNorm(model, batch, labelled, kernels, options);
      const done = position * criterions.length + index + 1;
      logProgress(`gradients on '${data.split}'`, done, batches.length * criterions.length, []);
    }
    tokens += batch.ntokens;
  }
  return { norms: sums.map((sum) => sum / batches.length), tokens };
}

async function gradientNorm(
  { model, ignorePrefixSize }: ModelOfTask,
  batch: TranslationBatch,
  { criterion, label }: LabelledCriterion,
  kernels: ArenaKernels,
  { sentenceAvg, epoch }: GradientNormOptions,
): Promise<number> {
  const { parameters } = model;
  await setLossGradient(
    parameters,
    kernels,
    () => batchLoss(model, criterion, batch, { mode: EVALUATION, epoch, ignorePrefixSize }).loss,
  );
  parameters.useDevice();
  const squaredNorm = await squaredGradientNorm(parameters, kernels);
  const norm = Math.sqrt(squaredNorm) / (sentenceAvg ? batch.batchSize : batch.ntokens);
  await setImmediate(); // lets signals and finalizers in, as in training
  if (Number.isFinite(norm)) return norm;
  throw new UserError(
    `the gradient norm of ${label} is ${norm} on a batch of ${batch.batchSize} sentences`,
    'give --gradient-batches 0 to leave the norms out',
  );
}
