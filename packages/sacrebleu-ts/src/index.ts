export { addStatistics, Bleu, type BleuOptions, countReferences, type References } from './bleu.js';
export { type BleuScore, type BleuStatistics, formatBleu, type SmoothMethod } from './bleu-score.js';
export { formatFixed, splitWords } from './python-text.js';
export { type ReferenceCount, SACREBLEU_COMPATIBLE_VERSION } from './signature.js';
export { TOKENIZER_NAMES, type TokenizerName } from './tokenizers/index.js';
export type { Tokenizer } from './tokenizers/tokenizer.js';
