import { type EpochState, isEpochState } from '../data/epoch-iterator.js';
import type { ScheduleState } from '../plugins/lr-scheduler.js';

/** The state of a weighted mean. */
export type MeterState = readonly [latest: number | null, sum: number, weight: number];

/** The averages of a run by metric: those of the epoch, and those since the last log line. */
export interface MeterStates {
  readonly train: Readonly<Record<string, MeterState>>;
  readonly train_inner: Readonly<Record<string, MeterState>>;
}

/**
 * The training state as a file records it. `isTrainingState` checks the fields of type `unknown` before training
 * resumes.
 */
export interface RecordedTrainingState {
  readonly epoch: number; // 1-based
  readonly updates: number;
  readonly iterator: unknown;
  /** The best value of the checkpoint metric among the saved checkpoints; null before the first validation. */
  readonly bestMetric: number | null;
  /** For --patience: the best value of all validations, and the number of validations since. */
  readonly earlyStopping: { readonly best: number | null; readonly validationsSince: number };
  readonly lrScheduler?: unknown;
  readonly seed: number;
  readonly meters: unknown;
}

/**
 * What training requires to resume exactly where it stopped, in addition to the weights and the optimizer's state. It
 * records no times, so that runs that compute the same write the same bytes.
 */
export interface TrainingState extends RecordedTrainingState {
  /** The position of the batch iterator; null: at the start. */
  readonly iterator: EpochState | null;
  /** The state of the schedule, if it depends on more than the update and the epoch. */
  readonly lrScheduler?: ScheduleState | null;
  readonly meters: MeterStates;
}

/** Whether training can resume from a recorded state. */
export function isTrainingState(state: RecordedTrainingState): state is TrainingState {
  const { iterator, lrScheduler, meters } = state;
  return (
    (iterator === null || isEpochState(iterator)) &&
    (lrScheduler == null || isScheduleState(lrScheduler)) &&
    isMeterStates(meters)
  );
}

/** Whether a value from a file has the form of `MeterStates`. */
export function isMeterStates(value: unknown): value is MeterStates {
  if (!isRecord(value)) return false;
  return [value.train, value.train_inner].every((group) => isRecord(group) && Object.values(group).every(isMeterState));
}

/** Whether a value from a file has the form of a schedule's state. */
export const isScheduleState = (value: unknown): value is ScheduleState =>
  typeof value === 'object' && value !== null && Object.values(value).every(isNumberOrNull);

function isMeterState(value: unknown): value is MeterState {
  if (!Array.isArray(value) || value.length !== 3) return false;
  const [latest, sum, weight] = value as readonly unknown[];
  return isNumberOrNull(latest) && typeof sum === 'number' && typeof weight === 'number';
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isNumberOrNull = (value: unknown): value is number | null => value === null || typeof value === 'number';
