import { setImmediate } from 'node:timers/promises';
import { alone, type Workers } from '../distributed/workers.js';
import type { Criterion } from '../plugins/criterion.js';
import { EVALUATION, type TranslationModel } from '../plugins/model.js';
import type { TranslationBatch } from '../tasks/collate.js';
import type { TranslationTask } from '../tasks/translation.js';
import { batchLoss, readLoss, tidyOutput } from './batch-loss.js';
import { logProgress, type Stats } from './events.js';
import { formatGeneral } from './number-format.js';
import { type LossReport, LossStatistics, monotonicClock } from './statistics.js';
import type { BatchedSplit } from './train-data.js';

/** Accumulates the BLEU of a split, batch by batch. */
export interface BleuEvaluation {
  add(batch: TranslationBatch): Promise<void>;
  /** The score over the batches of all ranks, 0 to 100, rounded to two decimals. */
  score(workers: Workers): Promise<number>;
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

/**
 * Computes the loss and, with --eval-bleu, the BLEU of a split, without dropout. Each rank evaluates its share of the batches,
 * and all get the same result.
 */
export async function validate(
  { task, model, criterion, startBleu }: ValidationParts,
  { data, batches }: BatchedSplit,
  epoch: number,
  options: ValidationOptions,
  workers: Workers = alone(),
): Promise<ValidationResult> {
  const own = new LossStatistics(); // of this rank, for the progress bar
  const bleu = startBleu?.() ?? null;
  const chosen = batches.slice(0, options.maxValidSteps ?? batches.length);
  const reports: TimedReport[] = [];
  const start = monotonicClock();
  for (const [at, ids] of workers.shareOf(chosen).entries()) {
    const batch = task.collate(data, ids);
    const report = await evaluateBatch(model, criterion, batch, epoch, options);
    await bleu?.add(batch);
    own.add(report);
    reports.push({ ...report, time: monotonicClock() - start });
    await setImmediate(); // signals and finalizers run here, as in training
    const position = Math.min((at + 1) * workers.size, chosen.length);
    logProgress(`valid on '${data.split}'`, position, chosen.length, own.lossFigures());
  }
  workers.world.describe(`the validation of '${data.split}' in epoch ${epoch}`);
  const statistics = statisticsOf(await workers.collect(reports), monotonicClock() - start);
  const score = await bleu?.score(workers);
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

/** A report with the time at which it was complete, in seconds since the validation started. */
interface TimedReport extends LossReport {
  readonly time: number;
}

/**
 * Averages reports in their order.
 * @param end the time at which all were complete, in seconds since the validation started
 */
function statisticsOf(reports: readonly TimedReport[], end: number): LossStatistics {
  let now = 0;
  const statistics = new LossStatistics(() => now);
  for (const report of reports) {
    now = report.time;
    statistics.add(report);
  }
  now = end;
  return statistics;
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
