import { UserError } from '../errors.js';
import type { TranslationData } from './translation-data.js';

/** The error for a split without any sentence to train on, translate or evaluate. */
export function nothingLeft({ split, length }: TranslationData): UserError {
  return length === 0
    ? new UserError(
        `the split '${split}' has no sentences`,
        'check the text that it was made from, or choose another split',
      )
    : new UserError(
        `the split '${split}' has no sentence that is short enough: all ${length} are longer than --max-tokens or the model's maximum positions, and were skipped`,
        'raise --max-tokens (--max-tokens-valid), --max-source-positions or --max-target-positions, or choose another split',
      );
}
