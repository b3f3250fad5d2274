import { UserError } from '../errors.js';

/** The largest number of sentences that the message lists. */
const NAMED_SENTENCES = 20;

/** What helps against losses that are not finite. */
export const DIVERGED = 'lower --lr, lengthen the warm-up, or set --clip-norm; the last checkpoint is unchanged';

/** Where a value that is not finite occurred. */
interface Place {
  readonly number: number; // of the update, from 1
  readonly epoch: number; // from 1
  readonly microBatches: readonly { readonly ids: Int32Array }[];
  /** The files of the plug-ins involved, by kind; undefined for those that are built in. */
  readonly sources: Readonly<Record<string, string | undefined>>;
}

/** The error for a loss or a gradient that is not finite. */
export function notFinite(what: string, value: number, { number, epoch, microBatches, sources }: Place): UserError {
  const ids = microBatches.flatMap((batch) => [...batch.ids]);
  const suspects = Object.entries(sources)
    .filter(([, source]) => source !== undefined)
    .map(([kind, source]) => `the ${kind} (${source})`);
  const named = ids.slice(0, NAMED_SENTENCES).join(', ');
  const more = ids.length > NAMED_SENTENCES ? ` and ${ids.length - NAMED_SENTENCES} more` : '';
  return new UserError(
    `the ${what} is ${value} in update ${number} (epoch ${epoch}), training sentences ${named}${more} (counted from 0)`,
    suspects.length === 0 ? DIVERGED : `check ${suspects.join(' and ')} for 0/0, log 0 or √0, ${DIVERGED}`,
  );
}
