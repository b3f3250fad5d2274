import { setImmediate } from 'node:timers/promises';
import type { Criterion } from '../plugins/criterion.js';
import { EVALUATION, type TranslationModel } from '../plugins/model.js';
import type { TranslationBatch } from '../tasks/collate.js';
import type { TranslationTask } from '../tasks/translation.js';
import { batchLoss } from './batch-loss.js';
import { logProgress, type Stats } from './events.js';
import { readLoss, tidyOutput } from './loss-values.js';
import { formatGeneral } from './number-format.js';
import { type LossReport, LossStatistics } from './statistics.js';
import type { BatchedSplit } from './train-data.js';

/** BLEU of a split, batch by batch. */
export interface BleuEvaluation {
  add(batch: TranslationBatch): Promise<void>;
  /** 0 … 100, two decimals. */
  score(): number;
}

/** The parts that a validation needs. */
export interface ValidationParts {
  readonly task: TranslationTask;
  readonly model: TranslationModel;
  readonly criterion: Criterion;
  /** Begins an evaluation; null where only the loss is asked for. */
  readonly startBleu: (() => BleuEvaluation) | null;
}

/** How the losses of a validation are averaged and limited. */
export interface ValidationOptions {
  readonly sentenceAvg: boolean;
  readonly ignorePrefixSize: number;
  readonly maxValidSteps: number | null;
}

/** The metrics by which checkpoints can be compared. */
export type Metric = 'loss' | 'nll_loss' | 'ppl' | 'bleu';

/** The result of one validation. */
export interface ValidationResult {
  /** As printed: rounded, so that what the log calls equal is equal. */
  readonly metrics: Readonly<Partial<Record<Metric, number>>>;
  readonly stats: Stats;
}

/** Loss and, where asked for, BLEU of a split, without dropout. */
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
    await setImmediate(); // lets signals and finalizers in, as in training
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
