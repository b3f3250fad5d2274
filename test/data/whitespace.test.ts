import { expect, it } from 'vitest';
import { splitWhitespace, trimEndWhitespace, trimWhitespace } from '../../src/data/whitespace.js';

// CPython 3: [chr(c) for c in range(sys.maxunicode + 1) if chr(c).isspace()]
const PYTHON_SPACES = [
  ...[0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x85, 0xa0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003],
  ...[0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000],
];

it('cuts at every character that Python calls a space, and at no other', () => {
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

it('strips as Python does', () => {
  expect(trimEndWhitespace(' a\u0085 \u2029')).toBe(' a');
  expect(trimWhitespace('\u001f a b\u00a0')).toBe('a b');
});
