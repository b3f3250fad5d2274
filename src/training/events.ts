import { log } from '../log.js';

/** Figures by name, in the order in which fairseq prints them and as it prints them. */
export type Stats = ReadonlyArray<readonly [name: string, value: string]>;

/** Figures of training or validation; fairseq's log lines and its JSON are made of these. */
export interface StatsEvent {
  /** What fairseq's log calls it: `train_inner`, `train`, or the name of the validation split. */
  readonly tag: string;
  readonly epoch: number; // 1-based
  /** The update within the epoch, from 1; within an epoch only. */
  readonly position?: number;
  /** Updates of the epoch. */
  readonly total?: number;
  /** The validation split. */
  readonly subset?: string;
  readonly stats: Stats;
}

/** `train_inner` every `--log-interval` updates, `train` at the end of an epoch, `valid` after a validation. */
export function logStats(kind: 'train_inner' | 'train' | 'valid', event: StatsEvent): void {
  log.info(kind, { ...event });
}

/** How far an epoch or a validation has come: after every batch, for a progress bar. */
export function logProgress(label: string, position: number, total: number, stats: Stats): void {
  log.info('progress', { label, position, total, stats });
}
