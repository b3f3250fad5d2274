import type { Tokenizer } from './tokenizer.js';

/** The text is tokenized already: words are what stands between white space. */
export const none: Tokenizer = {
  name: 'none',
  tokenize: (segment) => segment,
};
