import type { Tokenizer } from './tokenizer.js';

/**
 * Punctuation and symbols of any script, as `mteval-v14.pl --international-tokenization` does it. Punctuation between
 * digits stays (3,000.50), and so does a period that ends the segment after a digit.
 */
export const international: Tokenizer = {
  name: 'intl',
  tokenize(segment) {
    return segment
      .replace(/(\P{N})(\p{P})/gu, '$1 $2 ')
      .replace(/(\p{P})(\P{N})/gu, ' $1 $2')
      .replace(/(\p{S})/gu, ' $1 ');
  },
};
