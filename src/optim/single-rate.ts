import { UserError } from '../errors.js';

/** The only rate of --lr, for schedules over updates. @throws UserError if --lr has several rates */
export function singleRate(learningRates: readonly number[], scheduler: string): number {
  const [rate, ...others] = learningRates;
  if (others.length === 0) return rate!;
  throw new UserError(
    `--lr ${learningRates.join(',')} gives one rate per epoch, which --lr-scheduler ${scheduler} does not support`,
    'give one rate, or use --lr-scheduler fixed',
  );
}
