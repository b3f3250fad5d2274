import { expect, test } from 'vitest';
import { lowercase } from '../../../src/text/moses/lowercase.js';

// Golden values: lc in Perl 5.36.
test.each([
  ['ÄÖÜ ß ẞ', 'äöü ß ß'],
  ['ΟΔΟΣ', 'οδοσ'],
  ['İ', 'i\u0307'],
  ['Ǆ Ⅷ Ⓐ', 'ǆ ⅷ ⓐ'],
])('%s becomes %s, as in Perl', (text, lowered) => {
  expect(lowercase(text)).toBe(lowered);
});
