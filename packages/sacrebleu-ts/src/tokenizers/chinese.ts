import { trim } from '../python-text.js';
import { separatePunctuation } from './punctuation.js';
import type { Tokenizer } from './tokenizer.js';

/**
 * The characters that sacrebleu considers Chinese. It misspells its two ranges beyond U+FFFF, which therefore mean
 * U+2001–2A6D (including dashes, curly quotes, arrows) and U+2F81–2FA1, and rarer ideographs are not separated.
 */
const CHINESE =
  /[\u2001-\u2a6d\u2e80-\u2fdf\u2ff0-\u303f\u3100-\u312f\u31a0-\u31bf\u31c0-\u31ef\u3200-\u4db5\u4e00-\u9fbb\uf900-\ufa2d\ufa30-\ufa6a\ufa70-\ufad9\ufe10-\ufe1f\ufe30-\ufe4f\uff00-\uffef]/gu;

/** Every Chinese character is a word; the rest is tokenized as in `13a`, except for entities and the ends of the line. */
export const chinese: Tokenizer = {
  name: 'zh',
  tokenize: (segment) => separatePunctuation(trim(segment).replace(CHINESE, ' $& ')),
};
