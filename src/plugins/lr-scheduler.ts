import type { OptionSchema, OptionsOf } from '../options/schema.js';

/** Where training stands when it asks for a learning rate. */
export interface SchedulePosition {
  /** Updates that are done. */
  readonly updates: number;
  /** The epoch that the next update belongs to; 1-based. */
  readonly epoch: number;
}

/** The learning rate as a function of where training stands; nothing to save, nothing to restore. */
export interface LrScheduler {
  /** The rate of the update that comes next. */
  learningRate(position: SchedulePosition): number;
}

export interface LrSchedulerDefinition<S extends OptionSchema = OptionSchema> {
  readonly kind: 'lr-scheduler';
  readonly name: string;
  /** One line for `--help` and the docs. */
  readonly summary: string;
  readonly options: S;
  /**
   * @param learningRates `--lr`, one an epoch; never empty
   * @throws UserError where the options do not go together
   */
  build(options: OptionsOf<S>, learningRates: readonly number[]): LrScheduler;
}

/** Declares a learning rate scheduler plug-in; importing the file that calls it does nothing else. */
export function defineLrScheduler<const S extends OptionSchema>(
  definition: Omit<LrSchedulerDefinition<S>, 'kind'>,
): LrSchedulerDefinition<S> {
  return { kind: 'lr-scheduler', ...definition };
}
