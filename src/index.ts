/**
 * The library: `import { Translator, defineCriterion } from 'ts-fairseq'`. Importing it has no side effects.
 * `Translator.load` with `inline` and the first use of `tf` load the tensor library. The building blocks of models are in
 * 'ts-fairseq/nn'.
 */
export * from './index-translation.js';
export type { ClassFunction } from './ops/class-function.js';
export type { DropoutKey } from './ops/random.js';
export type { RowScores, RowStatistics } from './ops/row-scores.js';
export type { ArenaKernels } from './optim/arena-kernels.js';
export type { ParameterStore } from './optim/parameter-store.js';
export { defineOptions, type OptionSchema, type OptionSpec, type OptionsOf } from './options/schema.js';
export {
  type Criterion,
  type CriterionDefinition,
  type CriterionInput,
  type CriterionOutput,
  defineCriterion,
  type Metric,
} from './plugins/criterion.js';
export {
  defineLrScheduler,
  type LrScheduler,
  type LrSchedulerDefinition,
  type ScheduleContext,
  type SchedulePosition,
  type ScheduleState,
} from './plugins/lr-scheduler.js';
export {
  type ArchitectureDefinition,
  type Classifier,
  type DecoderOutput,
  type DecodeStep,
  defineArchitecture,
  defineModel,
  type EncoderOutput,
  EVALUATION,
  type IncrementalState,
  type Mode,
  type ModelContext,
  type ModelDefinition,
  type TokenTable,
  type TranslationModel,
} from './plugins/model.js';
export {
  defineOptimizer,
  type OptimizedParameters,
  type Optimizer,
  type OptimizerDefinition,
  type StateTensor,
} from './plugins/optimizer.js';
export type { Plugin } from './plugins/plugin.js';
export { type BpeCodes, parseCodes } from './text/bpe/codes.js';
export { createBpeSegmenter, type SegmenterOptions } from './text/bpe/segmenter.js';
export { iwsltSentences } from './text/iwslt.js';
export { createMosesDetokenizer } from './text/moses/detokenizer.js';
export { createPunctuationNormalizer } from './text/moses/normalize-punctuation.js';
export { createMosesTokenizer, type TokenizerOptions } from './text/moses/tokenizer.js';
export { createTruecaser, parseTruecaseModel } from './text/moses/truecase.js';
export { type SamplingOptions, SentencePiece, seedSampling } from './text/sentencepiece/processor.js';
export { type TrainedModel, type TrainingOptions, trainSentencePiece } from './text/sentencepiece/train.js';
export { tf } from './tf/lazy.js';
