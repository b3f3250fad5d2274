import type { OptionSchema, OptionsOf } from '../options/schema.js';

/** The progress of training when it requests a learning rate. */
export interface SchedulePosition {
  /** The number of completed updates. */
  readonly updates: number;
  /** The epoch of the next update, from 1. */
  readonly epoch: number;
}

/** The state of a schedule that a checkpoint stores. The schedule chooses the keys. */
export type ScheduleState = Readonly<Record<string, number | null>>;

/**
 * The learning rate as a function of training progress. A schedule that also depends on validation results, or on its
 * own earlier rates, implements `endEpoch` and `state`.
 */
export interface LrScheduler {
  /** The rate of the next update. */
  learningRate(position: SchedulePosition): number;
  /**
   * Called at the end of each epoch, before its checkpoint is saved.
   * @param position the end of the epoch; `epoch` is still the one that ends
   * @param value --best-checkpoint-metric on the first validation split; null if there was no validation
   */
  endEpoch?(position: SchedulePosition, value: number | null): void;
  /** Forgets past values but keeps the rate: the criterion or metric changed, so later values are not comparable. */
  forgetValues?(): void;
  /** Everything that `endEpoch` changes. It is read when a checkpoint is saved, and set when training resumes. */
  state?: ScheduleState;
}

/** Options of the run that schedules read. */
export interface ScheduleContext {
  /** --max-update; 0 if there is no limit. */
  readonly maxUpdate: number;
  /** Whether a larger value of the checkpoint metric is better. */
  readonly maximizeBestCheckpointMetric: boolean;
}

/** A learning rate scheduler plug-in: its name, its options and how to build it. */
export interface LrSchedulerDefinition<S extends OptionSchema = OptionSchema> {
  readonly kind: 'lr-scheduler';
  readonly name: string; // the value of --lr-scheduler
  /** A one-line description for `--help`. */
  readonly summary: string;
  readonly options: S; // become flags of `train`
  /**
   * @param learningRates the values of `--lr`, at least one
   * @throws UserError for options that contradict each other
   */
  build(options: OptionsOf<S>, learningRates: readonly number[], context: ScheduleContext): LrScheduler;
}

/** Declares a learning rate scheduler plug-in. It has no side effects. */
export function defineLrScheduler<const S extends OptionSchema>(
  definition: Omit<LrSchedulerDefinition<S>, 'kind'>,
): LrSchedulerDefinition<S> {
  return { kind: 'lr-scheduler', ...definition };
}
