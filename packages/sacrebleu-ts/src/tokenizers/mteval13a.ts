import { splitWords } from '../python-text.js';
import type { Tokenizer } from './tokenizer.js';

const ENTITIES: readonly (readonly [RegExp, string])[] = [
  [/&quot;/g, '"'],
  [/&amp;/g, '&'],
  [/&lt;/g, '<'],
  [/&gt;/g, '>'],
];

const RULES: readonly (readonly [RegExp, string])[] = [
  // ASCII punctuation and symbols, but for apostrophe, comma, dash and period
  [/([{-~[-` -&(-+:-@/])/gu, ' $1 '],
  // period and comma, unless a digit stands before …
  [/([^0-9])([.,])/gu, '$1 $2 '],
  // … and unless a digit follows
  [/([.,])([^0-9])/gu, ' $1 $2'],
  // dash after a digit
  [/([0-9])(-)/gu, '$1 $2 '],
];

/** WMT's tokenization, as `mteval-v13a.pl` does it; sacrebleu's default. */
export const mteval13a: Tokenizer = {
  name: '13a',
  tokenize(segment) {
    let text = segment.replaceAll('<skipped>', '').replaceAll('-\n', '').replaceAll('\n', ' ');
    for (const [entity, character] of ENTITIES) text = text.replace(entity, character);
    text = ` ${text} `;
    for (const [pattern, replacement] of RULES) text = text.replace(pattern, replacement);
    return splitWords(text).join(' ');
  },
};
