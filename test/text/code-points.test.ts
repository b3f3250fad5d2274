import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareCodePoints } from '../../src/text/code-points.js';

const points = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0)!);

function compareLists(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((point, index) => point !== b[index]);
  if (at < 0) return a.length - b.length;
  return at < b.length ? a[at]! - b[at]! : 1;
}

test('strings are ordered like their lists of code points', () => {
  const text = fc.array(fc.constantFrom('a', '\ud7ff', '\ue000', '\uffff', '😀', '𐀀')).map((units) => units.join(''));
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareCodePoints(a, b))).toBe(Math.sign(compareLists(points(a), points(b))));
    }),
  );
});
