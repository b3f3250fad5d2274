export { EventLoop } from './event-loop.js';
export type { Hypothesis } from './hypothesis.js';
export { type OutputOptions, outputOptions, type SearchOptions, searchOptions } from './options.js';
export { outputLines, type SentenceNotes, type TranslatedSentence, type Translation, toText } from './output.js';
export type { SearchInput } from './search-input.js';
export { SequenceGenerator } from './sequence-generator.js';
export {
  checkPhrasesAllowed,
  checkStrategies,
  type OptionSpelling,
  type SentencePhrases,
  withPhrases,
} from './strategies/index.js';
export { type Symbols, symbolsOf } from './token-constraints.js';
