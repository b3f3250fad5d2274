import { join } from 'node:path';
import { type Checkpoint, deleteCheckpoints, loadMetadata, saveCheckpoint } from '../checkpoint/checkpoint.js';
import { bestValueOf, roundValue } from '../checkpoint/checkpoint-names.js';
import { listCheckpoints } from '../checkpoint/checkpoint-path.js';
import type { FolderLock } from '../checkpoint/folder-lock.js';
import type { CheckpointMetadata, TrainingState } from '../checkpoint/metadata.js';
import { checkpointsToDelete } from '../checkpoint/retention.js';
import { log } from '../log.js';
import { optimizerTensors } from '../optim/optimizer-state.js';
import { storeWeights } from '../optim/weights.js';
import { BestValue, EarlyStopping } from './best-value.js';
import { checkpointNames } from './checkpoints-to-write.js';
import type { Moment } from './intervals.js';
import type { CheckpointOptions } from './options.js';
import type { TrainRequest } from './request.js';
import { type StatisticsState, UpdateStatistics } from './statistics.js';
import type { TrainingData } from './train-data.js';
import type { Trainer } from './trainer.js';

/** The metrics of a run, as a checkpoint keeps them. */
export interface MeterStates {
  readonly train: StatisticsState;
  readonly train_inner: StatisticsState;
}

/** One training run: everything that changes from update to update, and how it is put into a checkpoint. */
export class TrainingRun {
  readonly best: BestValue;
  readonly earlyStopping: EarlyStopping;
  /** Figures of the epoch, and since the last log line. */
  readonly statistics = { train: new UpdateStatistics(), train_inner: new UpdateStatistics() };

  #superseded: readonly string[];

  /**
   * @param identity what stays the same in all checkpoints of the run
   * @param lock of the folder that it saves to; null where it saves nothing
   * @param superseded names of checkpoints that the first save removes
   */
  constructor(
    readonly request: TrainRequest,
    readonly identity: Omit<CheckpointMetadata, 'training'>,
    readonly lock: FolderLock | null,
    readonly trainer: Trainer,
    readonly data: TrainingData,
    state: Pick<TrainingState, 'bestMetric' | 'earlyStopping'> | null,
    superseded: readonly string[] = [],
  ) {
    this.#superseded = superseded;
    const { maximizeBestCheckpointMetric: maximize, patience } = request.options;
    this.best = new BestValue(maximize, state?.bestMetric ?? null);
    this.earlyStopping = new EarlyStopping(patience, maximize, state?.earlyStopping);
  }

  /**
   * Saves a checkpoint under all the names that it has earned, then deletes those that are not to be kept.
   * @throws UserError where another run writes to the folder by now
   * @param value of the checkpoint metric; null where there was no validation
   */
  save(moment: Moment, value: number | null): void {
    const { options } = this.request;
    const { saveDir } = options;
    const isBest = value !== null && this.best.isBest(value, { orEqual: true });
    if (value !== null) this.best.offer(value);
    if (options.noSave) return;
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

  /** @param saved names that now are those of other checkpoints */
  #removeSuperseded(saved: readonly string[]): void {
    const { saveDir } = this.request.options;
    const removed = this.#superseded.filter((name) => !saved.includes(name));
    this.#superseded = [];
    if (removed.length === 0) return;
    deleteCheckpoints(saveDir, removed);
    log.message(
      `removed ${removed.map((name) => join(saveDir, name)).join(', ')}: saved after the checkpoint that training went on from`,
    );
  }

  #checkpoint({ epoch, updates, endOfEpoch }: Moment): Checkpoint {
    const { optimizer, model, lrScheduler, average } = this.trainer.parts;
    const { options } = this.request;
    const { train, train_inner } = this.statistics;
    const meters: MeterStates = { train: endOfEpoch ? {} : train.state, train_inner: train_inner.state };
    const training: TrainingState = {
      epoch,
      updates,
      iterator: { ...this.data.state },
      bestMetric: this.best.best,
      earlyStopping: this.earlyStopping.state,
      ...(lrScheduler.state === undefined ? {} : { lrScheduler: lrScheduler.state }),
      seed: options.seed,
      meters: { ...meters },
    };
    return {
      metadata: { ...this.identity, training },
      weights: storeWeights(model.parameters),
      optimizer: options.noSaveOptimizerState
        ? null
        : optimizerTensors(optimizer, model.parameters, this.trainer.optimizerSteps),
      ...(average?.values ? { ema: storeWeights(model.parameters, average.values) } : {}),
    };
  }
}

/**
 * The best checkpoint that a run killed before it wrote checkpoint_last has saved at this very update: the same is saved
 * again, and is no rival of itself.
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
