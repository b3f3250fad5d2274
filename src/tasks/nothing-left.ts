import { UserError } from '../errors.js';
import type { TranslationData } from './translation-data.js';

/** A split of which nothing would be trained on, translated or measured. */
export function nothingLeft({ split, length }: TranslationData): UserError {
  return length === 0
    ? new UserError(
        `the split '${split}' has no sentences`,
        'check the text that it was made of, or name another split',
      )
    : new UserError(
        `the split '${split}' has no sentence that is short enough: all ${length} are longer than --max-tokens or the positions of the model, and were to be skipped`,
        'raise --max-tokens (--max-tokens-valid), --max-source-positions or --max-target-positions, or name another split',
      );
}
