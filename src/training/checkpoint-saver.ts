import { join } from 'node:path';
import { deleteCheckpoints, loadMetadata, saveCheckpoint } from '../checkpoint/checkpoint.js';
import { bestValueOf, roundValue } from '../checkpoint/checkpoint-names.js';
import { listCheckpoints } from '../checkpoint/checkpoint-path.js';
import type { FolderLock } from '../checkpoint/folder-lock.js';
import type { CheckpointMetadata } from '../checkpoint/metadata.js';
import { checkpointsToDelete, nameAmongBest } from '../checkpoint/retention.js';
import type { Checkpoint } from '../checkpoint/stored-checkpoint.js';
import type { TrainingState } from '../checkpoint/training-state.js';
import { log } from '../log.js';
import { optimizerTensors } from '../optim/optimizer-state.js';
import { storeWeights } from '../optim/weights.js';
import type { BestValue, EarlyStopping } from './best-value.js';
import type { CheckpointOptions } from './options.js';
import type { TrainRequest } from './request.js';
import type { UpdateStatistics } from './statistics.js';
import type { TrainingData } from './train-data.js';
import type { Trainer } from './trainer.js';

/** A training run: everything that changes from update to update. */
export interface TrainingRun {
  readonly request: TrainRequest;
  readonly trainer: Trainer;
  readonly data: TrainingData;
  /** The metrics of the epoch, and those since the last log line. */
  readonly statistics: { readonly train: UpdateStatistics; readonly train_inner: UpdateStatistics };
  /** The best value of the checkpoint metric. */
  readonly best: BestValue;
  readonly earlyStopping: EarlyStopping;
}

/** The position of training after an update. */
export interface Moment {
  readonly epoch: number; // 1-based
  readonly updates: number;
  readonly endOfEpoch: boolean;
}

/** Saves the checkpoints of a run and deletes those that the options do not keep. */
export class CheckpointSaver {
  #superseded: readonly string[];

  /**
   * @param identity the metadata that all checkpoints of the run share
   * @param lock of --save-dir; null with --no-save, and on all ranks but the first
   * @param superseded names of checkpoints that the first save removes
   */
  constructor(
    readonly run: TrainingRun,
    readonly identity: Omit<CheckpointMetadata, 'training'>,
    readonly lock: FolderLock | null,
    superseded: readonly string[] = [],
  ) {
    this.#superseded = superseded;
  }

  /**
   * Saves a checkpoint under all its names, then deletes the checkpoints that the options do not keep. Only the first of several
   * ranks writes; the others record the value. The weights and the
   * optimizer's state must be on the host (`Trainer.withState`).
   * @param value of the checkpoint metric; null without validation
   * @throws UserError if another run has taken over the folder
   */
  save(moment: Moment, value: number | null): void {
    const { best, request } = this.run;
    const { options } = request;
    const { saveDir } = options;
    const isBest = value !== null && best.isBest(value, { orEqual: true });
    if (value !== null) best.offer(value);
    if (options.noSave || !this.run.trainer.workers.isFirst) return;
    this.lock?.keep();
    const validated = value === null ? null : { value, isBest };
    const existing = listCheckpoints(saveDir);
    const repeated = value === null ? [] : savedByKilledRun(existing, value, moment.updates, options);
    const others = existing.filter((name) => !repeated.includes(name) && !this.#superseded.includes(name));
    const [name, ...alsoAs] = checkpointNames(moment, validated, others, options);
    if (name === undefined) return;
    const start = performance.now();
    saveCheckpoint(join(saveDir, name), this.#checkpoint(moment), alsoAs);
    this.#removeSuperseded([name, ...alsoAs]);
    deleteCheckpoints(saveDir, checkpointsToDelete(listCheckpoints(saveDir), options));
    const seconds = ((performance.now() - start) / 1000).toFixed(2);
    const score = value === null ? '' : `, score ${value}`;
    log.message(
      `saved checkpoint ${join(saveDir, name)} (epoch ${moment.epoch} @ ${moment.updates} updates${score}) in ${seconds} s`,
    );
  }

  /** Deletes the superseded checkpoints. @param saved names that now belong to other checkpoints */
  #removeSuperseded(saved: readonly string[]): void {
    const { saveDir } = this.run.request.options;
    const removed = this.#superseded.filter((name) => !saved.includes(name));
    this.#superseded = [];
    if (removed.length === 0) return;
    deleteCheckpoints(saveDir, removed);
    log.message(
      `removed ${removed.map((name) => join(saveDir, name)).join(', ')}: saved after the checkpoint that training resumed from`,
    );
  }

  #checkpoint({ epoch, updates, endOfEpoch }: Moment): Checkpoint {
    const { best, data, earlyStopping, request, statistics, trainer } = this.run;
    const { optimizer, model, lrScheduler, average } = trainer.parts;
    const { options } = request;
    const { train, train_inner } = statistics;
    const training: TrainingState = {
      epoch,
      updates,
      iterator: data.state,
      bestMetric: best.best,
      earlyStopping: earlyStopping.state,
      ...(lrScheduler.state === undefined ? {} : { lrScheduler: lrScheduler.state }),
      seed: options.seed,
      meters: { train: endOfEpoch ? {} : train.state, train_inner: train_inner.state },
    };
    return {
      metadata: { ...this.identity, training },
      weights: storeWeights(model.parameters),
      optimizer: options.noSaveOptimizerState
        ? null
        : optimizerTensors(optimizer, model.parameters, trainer.optimizerSteps),
      ...(average?.values ? { ema: storeWeights(model.parameters, average.values) } : {}),
    };
  }
}

/** The result of a validation. */
interface Validated {
  readonly value: number;
  /** Whether no saved checkpoint is better. */
  readonly isBest: boolean;
}

/**
 * The names under which a checkpoint is saved. `checkpoint_last` comes last: until it is written, a resumed run repeats
 * the whole save.
 * @param validated null without validation
 * @param existing names of the checkpoints in the folder
 */
export function checkpointNames(
  { epoch, updates, endOfEpoch }: Moment,
  validated: Validated | null,
  existing: readonly string[],
  options: CheckpointOptions,
): string[] {
  const names: string[] = [];
  if (endOfEpoch && !options.noEpochCheckpoints && epoch % options.saveInterval === 0) names.push(`checkpoint${epoch}`);
  const { saveIntervalUpdates } = options;
  if (!endOfEpoch && saveIntervalUpdates > 0 && updates % saveIntervalUpdates === 0) {
    names.push(`checkpoint_${epoch}_${updates}`);
  }
  if (validated !== null) {
    const amongBest = nameAmongBest(existing, validated.value, options);
    if (amongBest !== null) names.push(amongBest);
    if (validated.isBest) names.push('checkpoint_best');
  }
  if (!options.noLastCheckpoints) names.push('checkpoint_last');
  return names;
}

/**
 * The names of the best checkpoints that a killed run saved at this update, before it wrote checkpoint_last. They are
 * saved again and must not compete with themselves.
 */
function savedByKilledRun(
  names: readonly string[],
  value: number,
  updates: number,
  { saveDir, bestCheckpointMetric }: CheckpointOptions,
): string[] {
  const valueIn = bestValueOf(bestCheckpointMetric);
  const equal = names.filter((name) => {
    const other = valueIn(name);
    return other !== null && roundValue(other) === roundValue(value);
  });
  return equal.filter((name) => loadMetadata(join(saveDir, name)).training?.updates === updates);
}

/**
 * The names of the best checkpoints that were saved after the checkpoint that training resumes from. Training will save
 * them again, so they would count twice. The first save removes them; a start that fails leaves them in place.
 * @param updates of the checkpoint that training resumes from
 * @throws UserError if one of them is damaged
 */
export function laterBestCheckpoints(
  { saveDir, bestCheckpointMetric }: CheckpointOptions,
  updates: number,
): readonly string[] {
  const valueIn = bestValueOf(bestCheckpointMetric);
  const isLater = (name: string): boolean => (loadMetadata(join(saveDir, name)).training?.updates ?? 0) > updates;
  return listCheckpoints(saveDir).filter((name) => valueIn(name) !== null && isLater(name));
}
