import type { LogEvent } from '../../log.js';
import type { StatsEvent } from '../../training/events.js';

/** The fields of `log.info('progress', …)`. */
export interface ProgressFields {
  /** The name of the task, e.g. `epoch 003`, `translating`. Each label has its own bar. */
  readonly label: string;
  readonly position: number;
  readonly total: number;
  /** Metrics after the bar, e.g. `[['loss', '4.2'], ['wps', '3100']]`. */
  readonly stats?: ReadonlyArray<readonly [string, string | number]>;
}

/** Kinds of events that contain metrics of training. */
const STATS_KINDS: ReadonlySet<string> = new Set(['train_inner', 'train', 'valid']);

/** Whether an event contains metrics of training. */
export const isStatsEvent = (event: LogEvent): event is LogEvent & { readonly fields: StatsEvent } =>
  STATS_KINDS.has(event.kind);

/** Whether an event reports the progress of a task. */
export const isProgressEvent = (event: LogEvent): event is LogEvent & { readonly fields: ProgressFields } =>
  event.kind === 'progress';
