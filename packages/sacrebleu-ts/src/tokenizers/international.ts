import type { Tokenizer } from './tokenizer.js';

/**
 * Separates punctuation and symbols of any script, as `mteval-v14.pl --international-tokenization` does. Punctuation between
 * digits stays (3,000.50), as does a period after a digit at the end of the segment.
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
