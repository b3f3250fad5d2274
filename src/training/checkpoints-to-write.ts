import { nameAmongBest } from '../checkpoint/retention.js';
import type { Moment } from './intervals.js';
import type { CheckpointOptions } from './options.js';

/** What the last validation found; null without one. */
export interface Validated {
  readonly value: number;
  /** Whether no saved checkpoint is better. */
  readonly isBest: boolean;
}

/**
 * The names under which a checkpoint is saved, `checkpoint_last` at the end: until that stands, a resumed run does the
 * same saving again.
 * @param existing names in the folder
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
