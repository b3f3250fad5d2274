import type { OptionSchema, OptionsOf } from '../options/schema.js';

/** Where training stands when it asks for a learning rate. */
export interface SchedulePosition {
  /** Updates that are done. */
  readonly updates: number;
  /** The epoch that the next update belongs to; 1-based. */
  readonly epoch: number;
}

/** What a schedule remembers, for a checkpoint; keys are its own. */
export type ScheduleState = Readonly<Record<string, number | null>>;

/**
 * The learning rate as a function of where training stands. Most schedules are nothing else; one that depends on what
 * happened on the way implements `endEpoch` and `state` too.
 */
export interface LrScheduler {
  /** The rate of the update that comes next. */
  learningRate(position: SchedulePosition): number;
  /**
   * An epoch is over; called before its checkpoint is saved.
   * @param position at its end, still in the epoch that is over
   * @param value of --best-checkpoint-metric on the first validation split; null where there was no validation
   */
  endEpoch?(position: SchedulePosition, value: number | null): void;
  /** The values of coming epochs do not compare with those so far: another criterion or metric. The rate stays. */
  forgetValues?(): void;
  /** Everything that `endEpoch` changes; read for a checkpoint, written when training goes on from one. */
  state?: ScheduleState;
}

/** Options of the run that schedules take their own defaults from. */
export interface ScheduleContext {
  /** --max-update; 0: training has no end. */
  readonly maxUpdate: number;
  /** Whether a larger value of the checkpoint metric is better. */
  readonly maximizeBestCheckpointMetric: boolean;
}

/** A learning rate schedule plug-in; make one with `defineLrScheduler`. */
export interface LrSchedulerDefinition<S extends OptionSchema = OptionSchema> {
  readonly kind: 'lr-scheduler';
  readonly name: string; // the value of `--lr-scheduler`
  /** One line for `--help` and the docs. */
  readonly summary: string;
  readonly options: S; // become flags of `train`
  /**
   * @param learningRates `--lr`, one an epoch; never empty
   * @throws UserError where the options do not go together
   */
  build(options: OptionsOf<S>, learningRates: readonly number[], context: ScheduleContext): LrScheduler;
}

/** Declares a learning rate scheduler plug-in; importing the file that calls it does nothing else. */
export function defineLrScheduler<const S extends OptionSchema>(
  definition: Omit<LrSchedulerDefinition<S>, 'kind'>,
): LrSchedulerDefinition<S> {
  return { kind: 'lr-scheduler', ...definition };
}
