import { character } from './character.js';
import { chinese } from './chinese.js';
import { international } from './international.js';
import { mteval13a } from './mteval13a.js';
import { none } from './none.js';
import type { Tokenizer } from './tokenizer.js';

/** The tokenizers by sacrebleu's names. */
export const TOKENIZERS = {
  '13a': mteval13a,
  intl: international,
  zh: chinese,
  char: character,
  none,
} as const satisfies Record<string, Tokenizer>;

/** The name of a tokenizer. */
export type TokenizerName = keyof typeof TOKENIZERS;

/** The names of all tokenizers. */
export const TOKENIZER_NAMES = Object.keys(TOKENIZERS) as readonly TokenizerName[];

const MECAB = 'it requires the morphological analyzer MeCab, which does not run in JavaScript';
const SENTENCE_PIECE =
  'it requires a SentencePiece model, which is not bundled: use --spm-model, or in a program sentencePieceTokenizer(name, encode)';

/** sacrebleu's other tokenizers, each with the reason why it is not supported. */
export const UNSUPPORTED_TOKENIZERS: Readonly<Record<string, string>> = {
  'ja-mecab': MECAB,
  'ko-mecab': MECAB,
  spm: SENTENCE_PIECE,
  flores101: SENTENCE_PIECE,
  flores200: SENTENCE_PIECE,
  'spBLEU-1K': SENTENCE_PIECE,
};

/** The tokenizer with a name. @throws RangeError that lists the names or says why the tokenizer is not supported */
export function tokenizerNamed(name: string): Tokenizer {
  if (Object.hasOwn(TOKENIZERS, name)) return TOKENIZERS[name as TokenizerName];
  const known = `known: ${TOKENIZER_NAMES.join(', ')}`;
  const reason = Object.hasOwn(UNSUPPORTED_TOKENIZERS, name) ? UNSUPPORTED_TOKENIZERS[name] : undefined;
  if (reason !== undefined) throw new RangeError(`the tokenizer '${name}' is not supported: ${reason}; ${known}`);
  throw new RangeError(`unknown tokenizer '${name}'; ${known}`);
}
