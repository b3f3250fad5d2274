import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitWhitespace, trimEndWhitespace, trimWhitespace } from '../../src/data/whitespace.js';
import { expectLinearGrowth } from '../helpers/growth.js';

// CPython 3: [chr(c) for c in range(sys.maxunicode + 1) if chr(c).isspace()]
const PYTHON_SPACES = [
  ...[0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x85, 0xa0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003],
  ...[0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000],
];

it('splits at every character that is a space in Python, and at no other', () => {
  const cutting: number[] = [];
  for (let code = 0; code < 0x10000; code++) {
    if (splitWhitespace(`a${String.fromCharCode(code)}b`).length === 2) cutting.push(code);
  }
  expect(cutting).toEqual(PYTHON_SPACES);
});

it.each([
  ['', []],
  [' \t ', []],
  ['\u0085a \u001cb  c\u3000', ['a', 'b', 'c']],
  ['\ufeffa', ['\ufeffa']],
])('cuts %j into %j', (line, tokens) => {
  expect(splitWhitespace(line)).toEqual(tokens);
});

it('strips like Python', () => {
  expect(trimEndWhitespace(' a\u0085 \u2029')).toBe(' a');
  expect(trimWhitespace('\u001f a b\u00a0')).toBe('a b');
});

it('strips like regular expressions for spaces at the ends of a text', () => {
  const space = `[${PYTHON_SPACES.map((code) => `\\u${code.toString(16).padStart(4, '0')}`).join('')}]+`;
  const text = fc
    .array(fc.constantFrom('a', ' ', '\t', '\u3000', '\u0085', '\ufeff', '\x1c', '\x1b', '\u2028', '😀'))
    .map((list) => list.join(''));
  fc.assert(
    fc.property(text, (line) => {
      const end = line.replace(new RegExp(`${space}$`), '');
      expect(trimEndWhitespace(line)).toBe(end);
      expect(trimWhitespace(line)).toBe(end.replace(new RegExp(`^${space}`), ''));
    }),
  );
});

describe.each([' ', '\t', '\u3000'])('a run of %j inside a line', (space) => {
  it.each([trimEndWhitespace, trimWhitespace, splitWhitespace])('takes %o linear time', (work) => {
    expectLinearGrowth(work, (length) => `a${space.repeat(length)}b`);
  });
});
