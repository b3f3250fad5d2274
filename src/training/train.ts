import { setImmediate } from 'node:timers/promises';
import { outOfMemory } from '../devices/out-of-memory.js';
import { peakMemory } from '../devices/peak-memory.js';
import { UserError } from '../errors.js';
import { log } from '../log.js';
import type { Moment, TrainingRun } from './checkpoint-saver.js';
import { logProgress, logStats, type Stats } from './events.js';
import { DIVERGED } from './not-finite.js';
import { formatGeneral } from './number-format.js';
import type { CheckpointOptions, DatasetOptions, OptimizationOptions } from './options.js';
import { type PreparedRun, prepareRun } from './prepare-run.js';
import type { TrainRequest } from './request.js';
import { LAST, resetFlags } from './resume.js';
import type { UpdateReport } from './statistics.js';
import { UnreadUpdates } from './unread-updates.js';
import { validate } from './validation.js';

/**
 * Trains a model as `ts-fairseq train` does: resumes from the last checkpoint in --save-dir, if one exists, and trains
 * until an option ends training. Reports through the log.
 * @throws UserError for mistakes in options, data or checkpoints, and if the loss is not finite
 */
export async function train(request: TrainRequest): Promise<void> {
  const setup = await prepareRun(request);
  const start = performance.now();
  try {
    await setImmediate(); // lets a second signal arrive before the first update
    const reason = await trainEpochs(setup);
    setup.profile?.end();
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    log.message(`done training in ${seconds} seconds: ${reason}; ${peakMemory()}`);
  } catch (error) {
    throw outOfMemory(error, request.options.maxTokens) ?? error;
  } finally {
    setup.lock?.release();
    setup.run.data.close();
    for (const { data } of setup.validation.splits) data.close();
    setup.run.trainer.dispose();
  }
}

/** Trains epoch after epoch. @returns the reason why training ended */
async function trainEpochs(setup: PreparedRun): Promise<string> {
  const { run } = setup;
  const { options } = run.request;
  const startHours = performance.now();
  const hours = (): number => (performance.now() - startHours) / 3_600_000;
  run.trainer.workers.stopWhen(() => interruptionOf(run.request, hours()));
  for (;;) {
    const epoch = run.data.nextEpoch;
    if (options.maxEpoch > 0 && epoch > options.maxEpoch) return `${options.maxEpoch} epochs are done`;
    const rate = rateReached(run);
    if (rate <= options.stopMinLr) return `the learning rate ${rate} has reached --stop-min-lr ${options.stopMinLr}`;
    const reason = reasonToStop(run.trainer.updates, options) ?? outOfPatience(run) ?? (await trainEpoch(setup, epoch));
    if (reason !== null) return reason;
  }
}

/** The learning rate that is compared with --stop-min-lr: before an epoch, the rate at which the previous one ended. */
function rateReached({ data, trainer }: TrainingRun): number {
  const { epoch, iterationsInEpoch } = data.state;
  return trainer.learningRate(iterationsInEpoch > 0 ? epoch : Math.max(1, epoch - 1));
}

/** Trains the rest of an epoch. @returns the reason to stop training, or null */
async function trainEpoch(setup: PreparedRun, epoch: number): Promise<string | null> {
  const { run, profile } = setup;
  const { data, trainer, statistics } = run;
  const { workers } = trainer;
  const updateFrequency = valueOfEpoch(run.request.options.updateFreq, epoch) * workers.size;
  data.beginEpoch();
  const total = data.updatesPerEpoch(updateFrequency);
  let reason: string | null = null;
  const receive = (report: UpdateReport, position: number): void => logUpdate(run, report, { epoch, position, total });
  // A profile covers one whole update and no other.
  const unread = new UnreadUpdates(receive, profile === null ? undefined : 0);
  try {
    for (const microBatches of data.updates(updateFrequency, workers)) {
      const update = await trainer.startUpdate(microBatches, epoch);
      // Signals and finalizers run in turns of the event loop. With a synchronous device, `await` runs only microtasks.
      await setImmediate();
      await unread.add(update, data.updatesDone(updateFrequency));
      profile?.endOfUpdate(trainer.updates);
      const moment = { epoch, updates: trainer.updates, endOfEpoch: data.endOfEpoch };
      reason = await afterUpdate(setup, moment, () => unread.drain());
      if (reason !== null) break;
      profile?.beforeNextUpdate();
    }
  } catch (error) {
    await unread.drain(); // an earlier update may have failed, too: its error is the one to report
    throw error;
  } finally {
    unread.discard();
  }
  if (data.endOfEpoch || reason !== null) logStats('train', { tag: 'train', epoch, stats: statistics.train.stats() });
  statistics.train.reset();
  return reason;
}

/** The value for an epoch; the last value applies to all later epochs. */
const valueOfEpoch = (values: readonly number[], epoch: number): number => values[Math.min(epoch, values.length) - 1]!;

/** Counts an update and logs it. @param place the update within the epoch, from 1, and the number of updates */
function logUpdate(
  { request, statistics }: TrainingRun,
  report: UpdateReport,
  { epoch, position, total }: { readonly epoch: number; readonly position: number; readonly total: number },
): void {
  statistics.train.add(report);
  statistics.train_inner.add(report);
  const stats = statistics.train_inner.stats();
  logProgress(`epoch ${String(epoch).padStart(3, '0')}`, position, total, stats);
  if (report.updates % request.logInterval !== 0) return;
  logStats('train_inner', { tag: 'train_inner', epoch, position, total, stats });
  statistics.train_inner.reset();
}

/**
 * Validates and saves if due.
 * @param reports waits for the reports of all updates
 * @returns the reason to stop training, or null
 */
async function afterUpdate(setup: PreparedRun, moment: Moment, reports: () => Promise<void>): Promise<string | null> {
  const { run, saver } = setup;
  const { options } = run.request;
  const { workers } = run.trainer;
  let reason = reasonToStop(moment.updates, options);
  const saving = isTimeToSave(moment, reason !== null, options);
  const validating = isTimeToValidate(moment, { stopping: reason !== null, saving }, options);
  const interrupted = workers.reasonToStop !== null;
  // The last update is saved too.
  if (saving || validating || moment.endOfEpoch || interrupted) await reports();
  let value: number | null = null;
  if (validating) {
    value = await validateAll(setup, moment);
    run.earlyStopping.offer(value);
    reason ??= outOfPatience(run);
  }
  if (moment.endOfEpoch) run.trainer.endEpoch(moment.epoch, value);
  reason ??= workers.reasonToStop;
  if (saving || reason !== null) {
    await run.trainer.withState(() => saver.save(moment, value));
  }
  return reason;
}

/** Whether a count is a multiple of an interval; never for an interval of 0. */
const isTime = (count: number, interval: number): boolean => interval > 0 && count % interval === 0;

/** The reason to stop training, or null. */
export function reasonToStop(updates: number, { maxUpdate }: Pick<OptimizationOptions, 'maxUpdate'>): string | null {
  return maxUpdate > 0 && updates >= maxUpdate ? `${updates} updates are done (--max-update ${maxUpdate})` : null;
}

/** Whether to save a checkpoint: at the end of an epoch, every --save-interval-updates updates, and before stopping. */
export function isTimeToSave(
  { epoch, updates, endOfEpoch }: Moment,
  stopping: boolean,
  options: Pick<CheckpointOptions & DatasetOptions, 'saveInterval' | 'saveIntervalUpdates' | 'validateAfterUpdates'>,
): boolean {
  return (
    (endOfEpoch && isTime(epoch, options.saveInterval)) ||
    stopping ||
    (isTime(updates, options.saveIntervalUpdates) && updates >= options.validateAfterUpdates)
  );
}

/**
 * Whether to validate: at the end of an epoch, with every checkpoint within an epoch, every --validate-interval-updates
 * updates, and before stopping.
 */
export function isTimeToValidate(
  { epoch, updates, endOfEpoch }: Moment,
  { stopping, saving }: { stopping: boolean; saving: boolean },
  options: Pick<
    DatasetOptions,
    'validateInterval' | 'validateIntervalUpdates' | 'validateAfterUpdates' | 'disableValidation'
  >,
): boolean {
  if (options.disableValidation || updates < options.validateAfterUpdates) return false;
  return (
    (!endOfEpoch && saving) ||
    (endOfEpoch && isTime(epoch, options.validateInterval)) ||
    stopping ||
    isTime(updates, options.validateIntervalUpdates)
  );
}

/**
 * The reason to stop if --patience is exhausted, or null. Checked before training too: a run that has ended for this
 * reason does not continue when it is started again.
 */
function outOfPatience({ earlyStopping, request }: TrainingRun): string | null {
  const { bestCheckpointMetric, patience } = request.options;
  return earlyStopping.isOver ? `no better ${bestCheckpointMetric} in ${patience} validations (--patience)` : null;
}

/** The external reason to end a run. It causes no validation, so that a resumed run continues as if uninterrupted. */
function interruptionOf({ options, signal }: TrainRequest, hours: number): string | null {
  if (signal?.aborted) return `interrupted; ${howToResume(options)}`;
  if (options.stopTimeHours > 0 && hours > options.stopTimeHours) return `--stop-time-hours ${options.stopTimeHours}`;
  return null;
}

/** What a user can do after an interruption. */
export function howToResume(options: TrainRequest['options']): string {
  if (options.noSave) return 'nothing was saved (--no-save)';
  if (options.noLastCheckpoints) return 'checkpoint_last was not saved (--no-last-checkpoints)';
  if (options.noSaveOptimizerState) {
    return 'checkpoint_last has no state of the optimizer (--no-save-optimizer-state), so training cannot resume exactly';
  }
  const changes = [...(options.restoreFile === LAST ? [] : ['--restore-file']), ...resetFlags(options)];
  return `run the same command${changes.length === 0 ? '' : ` without ${changes.join(', ')}`} to resume`;
}

/** Validates on every split. @returns the checkpoint metric of the first split */
async function validateAll({ run, validation }: PreparedRun, { epoch, updates }: Moment): Promise<number> {
  const { options } = run.request;
  const values: number[] = [];
  for (const split of validation.splits) {
    const { metrics, stats } = await validate(validation.parts, split, epoch, options, run.trainer.workers);
    checkFinite(metrics.loss!, split.data.split, { epoch, updates });
    const value = metrics[options.bestCheckpointMetric]!;
    const best = values.length === 0 ? bestMetric(run, value) : [];
    values.push(value);
    const subset = split.data.split;
    logStats('valid', {
      tag: subset,
      subset,
      epoch,
      stats: [...stats, ['num_updates', String(updates)], ...best],
    });
  }
  return values[0]!;
}

/** @throws UserError for a model that has diverged, before it is saved */
function checkFinite(loss: number, split: string, { epoch, updates }: Pick<Moment, 'epoch' | 'updates'>): void {
  if (Number.isFinite(loss)) return;
  throw new UserError(`the loss on '${split}' is ${loss} after ${updates} updates (epoch ${epoch})`, DIVERGED);
}

/** `best_loss 9.393`: the best value including this one; empty before the first saved value. */
function bestMetric({ best, request }: TrainingRun, value: number): Stats {
  if (best.best === null) return [];
  const better = best.isBest(value, { orEqual: true }) ? value : best.best;
  return [[`best_${request.options.bestCheckpointMetric}`, formatGeneral(better)]];
}
