import type { Tokenizer } from './tokenizer.js';

/** For tokenized text: words are separated by white space. */
export const none: Tokenizer = {
  name: 'none',
  tokenize: (segment) => segment,
};
