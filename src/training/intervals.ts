import type { CheckpointOptions, DatasetOptions, OptimizationOptions } from './options.js';

/** Where training stands after an update. */
export interface Moment {
  readonly epoch: number; // 1-based
  readonly updates: number;
  readonly endOfEpoch: boolean;
}

/** A multiple of an interval; an interval of 0 has none. */
const isTime = (count: number, interval: number): boolean => interval > 0 && count % interval === 0;

/** Why training is to stop, as a sentence, or null. */
export function reasonToStop(updates: number, { maxUpdate }: Pick<OptimizationOptions, 'maxUpdate'>): string | null {
  return maxUpdate > 0 && updates >= maxUpdate ? `${updates} updates are done (--max-update ${maxUpdate})` : null;
}

/** Whether a checkpoint is due: at the end of an epoch, every so many updates, and before stopping. */
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

/** Whether to validate: at the end of an epoch, with every checkpoint within one, every so many updates, before stopping. */
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
