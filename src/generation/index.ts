export { BeamSearch, type SearchInput, type Symbols } from './beam-search.js';
export type { Hypothesis } from './hypothesis.js';
export { type SearchOptions, searchOptions } from './options.js';
export { outputLines, type TranslatedSentence, type Translation, toText } from './output.js';
