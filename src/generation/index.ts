export { BeamSearch, type Prefixes, type SearchInput } from './beam-search.js';
export type { Hypothesis } from './hypothesis.js';
export { type OutputOptions, outputOptions, type SearchOptions, searchOptions } from './options.js';
export { outputLines, type SentenceNotes, type TranslatedSentence, type Translation, toText } from './output.js';
export { checkStrategies, type OptionSpelling, type SentencePhrases } from './strategies/index.js';
export { type Symbols, symbolsOf } from './token-constraints.js';
