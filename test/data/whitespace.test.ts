import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitWhitespace, trimEndWhitespace, trimWhitespace } from '../../src/data/whitespace.js';
import { expectLinearGrowth } from '../helpers/growth.js';

// Python's: c for c in range(0x110000) if chr(c).isspace()
const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const text = fc
  .array(fc.constantFrom('a', ' ', '\t', '\u3000', '\u0085', '\ufeff', '\x1c', '\x1b', '\u2028', '😀'))
  .map((list) => list.join(''));

test('white space is trimmed as a pattern at the end of a text does', () => {
  fc.assert(
    fc.property(text, (line) => {
      const end = line.replace(new RegExp(`[${SPACE}]+$`), '');
      expect(trimEndWhitespace(line)).toBe(end);
      expect(trimWhitespace(line)).toBe(end.replace(new RegExp(`^[${SPACE}]+`), ''));
    }),
  );
});

describe.each([' ', '\t', '\u3000'])('a run of %j inside a line', (space) => {
  test.each([trimEndWhitespace, trimWhitespace, splitWhitespace])('takes %o a time that grows with it', (work) => {
    expectLinearGrowth(work, (length) => `a${space.repeat(length)}b`);
  });
});
