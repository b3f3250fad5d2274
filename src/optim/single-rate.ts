import { UserError } from '../errors.js';

/** The one rate of a schedule over updates. @throws UserError where --lr gives one for each epoch */
export function singleRate(learningRates: readonly number[], scheduler: string): number {
  const [rate, ...others] = learningRates;
  if (others.length === 0) return rate!;
  throw new UserError(
    `--lr ${learningRates.join(',')} gives a rate for each epoch, which --lr-scheduler ${scheduler} cannot follow`,
    'give one rate, or use --lr-scheduler fixed',
  );
}
