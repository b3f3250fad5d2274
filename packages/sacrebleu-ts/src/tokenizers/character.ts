import type { Tokenizer } from './tokenizer.js';

/** Every code point is a word; white space is removed. */
export const character: Tokenizer = {
  name: 'char',
  tokenize: (segment) => [...segment].join(' '),
};
