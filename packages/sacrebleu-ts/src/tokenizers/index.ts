import { character } from './character.js';
import { international } from './international.js';
import { mteval13a } from './mteval13a.js';
import { none } from './none.js';
import type { Tokenizer } from './tokenizer.js';

/** The tokenizers by the names that sacrebleu gives them. */
export const TOKENIZERS = {
  '13a': mteval13a,
  intl: international,
  char: character,
  none,
} as const satisfies Record<string, Tokenizer>;

export type TokenizerName = keyof typeof TOKENIZERS;

export const TOKENIZER_NAMES = Object.keys(TOKENIZERS) as readonly TokenizerName[];

/** @throws RangeError that lists the names */
export function tokenizerNamed(name: TokenizerName): Tokenizer {
  if (!Object.hasOwn(TOKENIZERS, name)) {
    throw new RangeError(`unknown tokenizer '${name}'; known: ${TOKENIZER_NAMES.join(', ')}`);
  }
  return TOKENIZERS[name];
}
