import fc from 'fast-check';
import { expect, test } from 'vitest';
import { trimSpaces, trimSpacesAtEnd } from '../../src/text/trim-spaces.js';

const text = fc.array(fc.constantFrom(' ', 'a', '\t', '\u3000')).map((list) => list.join(''));

test('spaces at the ends of a text are removed, but no other white space', () => {
  fc.assert(
    fc.property(text, (line) => {
      expect(trimSpacesAtEnd(line)).toBe(line.replace(/ +$/, ''));
      expect(trimSpaces(line)).toBe(line.replace(/^ +| +$/g, ''));
    }),
  );
});
