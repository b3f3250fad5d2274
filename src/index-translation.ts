/** The part of the library that translates: 'ts-fairseq' has it among others, and 'ts-fairseq-translate' has only this. */
export { UserError } from './errors.js';
export {
  type DroppedMarks,
  type LineTranslation,
  type SentenceTranslation,
  type TextOptions,
  type TextTranslation,
  type TranslateOptions,
  type TranslateTextOptions,
  Translator,
  type TranslatorMemory,
  type TranslatorOptions,
} from './inference/translator.js';
export { type LogEvent, type LogSink, log } from './log.js';
export type { Translation } from './search/index.js';
