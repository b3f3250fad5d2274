export { Bleu, type BleuOptions } from './bleu.js';
export type { BleuScore, SmoothMethod } from './bleu-score.js';
export { Chrf, type ChrfOptions } from './chrf.js';
export type { ChrfScore } from './chrf-score.js';
export { type FormatOptions, formatJson, formatScore } from './format.js';
export { addStatistics, type ConfidenceInterval, Metric, type MetricScore, type Statistics } from './metric.js';
export { formatFixed, splitWords } from './python-text.js';
export { countReferences, type References } from './references.js';
export { type ReferenceCount, SACREBLEU_COMPATIBLE_VERSION, type SignatureOptions } from './signature.js';
export {
  approximateRandomization,
  type PairedResult,
  pairedBootstrap,
  type RandomizationOptions,
  type System,
} from './significance/paired.js';
export { type BootstrapOptions, confidenceInterval } from './significance/resample.js';
export { Ter, type TerOptions, type TerScore } from './ter.js';
export { TOKENIZER_NAMES, type TokenizerName } from './tokenizers/index.js';
export { sentencePieceTokenizer } from './tokenizers/sentence-piece.js';
export type { Tokenizer } from './tokenizers/tokenizer.js';
