import { join } from 'node:path';
import { loadMetadata } from '../checkpoint/checkpoint.js';
import { bestValueOf } from '../checkpoint/checkpoint-names.js';
import { listCheckpoints } from '../checkpoint/checkpoint-path.js';
import type { CheckpointMetadata, TrainingState } from '../checkpoint/metadata.js';
import { UserError } from '../errors.js';
import { log } from '../log.js';
import type { OptionValues } from '../options/schema.js';
import { type ChangedOption, changedOptions, incomparableOptions } from './changed-options.js';
import type { TrainRequest } from './request.js';

type Identity = Omit<CheckpointMetadata, 'training'>;

/**
 * Compares the run that a checkpoint is of with the run that goes on from it: the best value, patience and the schedule
 * compare the values of both. What else differs is named in one warning.
 * @returns whether the values of both runs compare; false only where an option says that the old ones are forgotten
 * @throws UserError where they do not compare and are not to be forgotten
 */
export function checkSameRun(
  stem: string,
  { metadata, training }: { readonly metadata: Identity; readonly training: TrainingState },
  now: Identity,
  { options, plugins }: TrainRequest,
): boolean {
  const compared = { recorded: metadata.options, now: now.options, plugins };
  const hasValues =
    training.bestMetric !== null || training.earlyStopping.best !== null || training.lrScheduler != null;
  const incomparable = incomparableOptions(compared).filter(({ key }) => key === 'criterion' || hasValues);
  const forgets = options.resetMeters || options.resetOptimizer;
  if (incomparable.length > 0 && !forgets) throw notComparable(stem, incomparable);
  if (!forgets) mentionOtherData(stem, metadata, training, now);
  if (!options.resetOptimizer) warnOfChanges(stem, changedOptions(compared));
  return incomparable.length === 0;
}

const notComparable = (stem: string, changes: readonly ChangedOption[]): UserError =>
  new UserError(
    `${stem} was trained with ${changes.map(({ flag, before, after }) => `${flag} ${before}, not ${after}`).join('; ')}: its best value and those of this run do not compare`,
    'forget the old ones with --reset-meters (or --reset-optimizer), or choose another --save-dir',
  );

function warnOfChanges(stem: string, changes: readonly ChangedOption[]): void {
  if (changes.length === 0) return;
  const named = changes.map(({ flag, before, after }) => `${flag} ${after} (it was ${before})`);
  log.warning(`goes on from ${stem} with other options than that run's: ${named.join(', ')}`);
}

function mentionOtherData(stem: string, then: Identity, { bestMetric }: TrainingState, now: Identity): void {
  const isSame = then.validationData === now.validationData;
  if (isSame || bestMetric === null || then.validationData === undefined || now.validationData === undefined) return;
  log.warning(
    `the validation data are not those of ${stem}; its best ${then.options.bestCheckpointMetric}, ${bestMetric}, still counts; --reset-meters forgets it`,
  );
}

/**
 * Looks at the checkpoints that --keep-best-checkpoints ranks by the value in their name.
 * @param except names that are removed before they are ranked
 * @throws UserError where the value of one was computed in another way than this run computes it
 */
export function checkKeptBest({ options, plugins }: TrainRequest, now: OptionValues, except: readonly string[]): void {
  const { bestCheckpointMetric, keepBestCheckpoints, saveDir } = options;
  if (keepBestCheckpoints <= 0) return;
  const valueIn = bestValueOf(bestCheckpointMetric);
  for (const name of listCheckpoints(saveDir)) {
    if (valueIn(name) === null || except.includes(name)) continue;
    const { options: recorded } = loadMetadata(join(saveDir, name));
    const [change] = incomparableOptions({ recorded, now, plugins });
    if (change === undefined) continue;
    throw new UserError(
      `${join(saveDir, name)} was trained with ${change.flag} ${change.before}, not ${change.after}: --keep-best-checkpoints cannot compare its value`,
      'move it to another folder, or choose another --save-dir',
    );
  }
}
