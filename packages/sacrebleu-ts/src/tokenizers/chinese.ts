import { trim } from '../python-text.js';
import { separatePunctuation } from './punctuation.js';
import type { Tokenizer } from './tokenizer.js';

/**
 * What sacrebleu takes for a Chinese character. Its two ranges beyond U+FFFF are misspelt there and stand for
 * U+2001–2A6D (with dashes, curly quotes, arrows) and U+2F81–2FA1, so that rarer ideographs stay in their words.
 */
const CHINESE =
  /[\u2001-\u2a6d\u2e80-\u2fdf\u2ff0-\u303f\u3100-\u312f\u31a0-\u31bf\u31c0-\u31ef\u3200-\u4db5\u4e00-\u9fbb\uf900-\ufa2d\ufa30-\ufa6a\ufa70-\ufad9\ufe10-\ufe1f\ufe30-\ufe4f\uff00-\uffef]/gu;

/** Every Chinese character is a word; the rest as `13a`, but for entities and the ends of the line. */
export const chinese: Tokenizer = {
  name: 'zh',
  tokenize: (segment) => separatePunctuation(trim(segment).replace(CHINESE, ' $& ')),
};
