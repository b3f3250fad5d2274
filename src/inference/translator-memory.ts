import type { TranslationModel } from '../plugins/model.js';

/** The memory that a Translator uses, in bytes. */
export interface TranslatorMemory {
  /** The weights of its models as they are in memory now. They are loaded at the first translation. */
  readonly weights: number;
  /** The array buffers of the thread that computes, for all Translators there: weights, tensors, texts. */
  readonly buffers: number;
  /** The resident memory of the process, which includes the two. */
  readonly process: number;
}

/** The memory that models use now, in the calling thread. */
export const memoryOf = (models: readonly TranslationModel[]): TranslatorMemory => ({
  weights: models.reduce((sum, { parameters }) => sum + parameters.bytes, 0),
  buffers: process.memoryUsage().arrayBuffers,
  process: process.memoryUsage.rss(),
});
