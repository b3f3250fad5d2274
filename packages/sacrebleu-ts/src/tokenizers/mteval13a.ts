import { separatePunctuation } from './punctuation.js';
import type { Tokenizer } from './tokenizer.js';

/** WMT's tokenization, as in `mteval-v13a.pl`; sacrebleu's default. */
export const mteval13a: Tokenizer = {
  name: '13a',
  tokenize(segment) {
    let text = segment.replaceAll('<skipped>', '').replaceAll('-\n', '').replaceAll('\n', ' ');
    if (text.includes('&')) {
      text = text.replaceAll('&quot;', '"').replaceAll('&amp;', '&').replaceAll('&lt;', '<').replaceAll('&gt;', '>');
    }
    return separatePunctuation(` ${text} `);
  },
};
