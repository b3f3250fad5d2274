import { log } from '../log.js';

/** Metrics by name, in fairseq's order and formatted as in fairseq. */
export type Stats = ReadonlyArray<readonly [name: string, value: string]>;

/** The metrics of training or validation. Log sinks format them as fairseq's log lines or JSON. */
export type StatsEvent = {
  /** The name in fairseq's log: `train_inner`, `train`, or the validation split. */
  readonly tag: string;
  readonly epoch: number; // 1-based
  /** The update within the epoch, from 1; only for `train_inner`. */
  readonly position?: number;
  /** The number of updates in the epoch; only for `train_inner`. */
  readonly total?: number;
  /** The validation split. */
  readonly subset?: string;
  readonly stats: Stats;
};

/** Logs `train_inner` every `--log-interval` updates, `train` at the end of an epoch, or `valid` after a validation. */
export function logStats(kind: 'train_inner' | 'train' | 'valid', event: StatsEvent): void {
  log.info(kind, event);
}

/** Logs the progress of an epoch or a validation after every batch, for a progress bar. */
export function logProgress(label: string, position: number, total: number, stats: Stats): void {
  log.info('progress', { label, position, total, stats });
}
