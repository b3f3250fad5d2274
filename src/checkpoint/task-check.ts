import { UserError } from '../errors.js';
import type { CheckpointMetadata } from './metadata.js';

/** The only supported task. */
const TASK = 'translation';

/**
 * Refuses a checkpoint of another task. For example, a multilingual model would translate without its language tokens.
 * @throws UserError that names the task
 */
export function checkTask(stem: string, { task }: Pick<CheckpointMetadata, 'task'>): void {
  if (task === TASK) return;
  throw new UserError(
    `${stem} was trained with --task ${task}, which is not supported`,
    `use a checkpoint of --task ${TASK}`,
  );
}
