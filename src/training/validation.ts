import { setImmediate } from 'node:timers/promises';
import type { Criterion } from '../plugins/criterion.js';
import { EVALUATION, type TranslationModel } from '../plugins/model.js';
import type { TranslationBatch } from '../tasks/collate.js';
import type { TranslationTask } from '../tasks/translation.js';
import { batchLoss, readLoss, tidyOutput } from './batch-loss.js';
import { logProgress, type Stats } from './events.js';
import { formatGeneral } from './number-format.js';
import { type LossReport, LossStatistics } from './statistics.js';
import type { BatchedSplit } from './train-data.js';

/** Accumulates the BLEU of a split, batch by batch. */
export interface BleuEvaluation {
  add(batch: TranslationBatch): Promise<void>;
  /** The score, 0 to 100, rounded to two decimals. */
  score(): number;
}

/** The parts that a validation needs. */
export interface ValidationParts {
  readonly task: TranslationTask;
  readonly model: TranslationModel;
  readonly criterion: Criterion;
  /** Starts a BLEU evaluation; null without --eval-bleu. */
  readonly startBleu: (() => BleuEvaluation) | null;
}

/** How the losses of a validation are averaged and limited. */
export interface ValidationOptions {
  readonly sentenceAvg: boolean;
  readonly ignorePrefixSize: number;
  readonly maxValidSteps: number | null;
}

/** A metric that can decide which checkpoint is best. */
export type Metric = 'loss' | 'nll_loss' | 'ppl' | 'bleu';

/** The result of one validation. */
export interface ValidationResult {
  /** Rounded as printed, so that values that look equal in the log are equal. */
  readonly metrics: Readonly<Partial<Record<Metric, number>>>;
  readonly stats: Stats;
}

/** Computes the loss and, with --eval-bleu, the BLEU of a split, without dropout. */
export async function validate(
  { task, model, criterion, startBleu }: ValidationParts,
  { data, batches }: BatchedSplit,
  epoch: number,
  options: ValidationOptions,
): Promise<ValidationResult> {
  const statistics = new LossStatistics();
  const bleu = startBleu?.() ?? null;
  const chosen = batches.slice(0, options.maxValidSteps ?? batches.length);
  for (const [index, ids] of chosen.entries()) {
    const batch = task.collate(data, ids);
    statistics.add(await evaluateBatch(model, criterion, batch, epoch, options));
    await bleu?.add(batch);
    await setImmediate(); // signals and finalizers run here, as in training
    logProgress(`valid on '${data.split}'`, index + 1, chosen.length, statistics.lossFigures());
  }
  const score = bleu?.score();
  const { loss, nllLoss, perplexity } = statistics;
  return {
    metrics: { loss, nll_loss: nllLoss, ppl: perplexity, ...(score === undefined ? {} : { bleu: score }) },
    stats: [
      ...statistics.lossFigures(),
      ...(score === undefined ? [] : ([['bleu', formatGeneral(score)]] as const)),
      ...statistics.wordsPerSecond(),
      ...statistics.batchFigures(),
    ],
  };
}

async function evaluateBatch(
  model: TranslationModel,
  criterion: Criterion,
  batch: TranslationBatch,
  epoch: number,
  { sentenceAvg, ignorePrefixSize }: ValidationOptions,
): Promise<LossReport> {
  model.parameters.useDevice();
  const output = tidyOutput(() => batchLoss(model, criterion, batch, { mode: EVALUATION, epoch, ignorePrefixSize }));
  const { ntokens: tokens, batchSize: sentences } = batch;
  return { ...(await readLoss(output)), sampleSize: sentenceAvg ? sentences : tokens, tokens, sentences };
}
