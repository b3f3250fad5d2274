import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Inline } from '../../src/report/document.js';
import { markDifferences } from '../../src/report/translations-section.js';

/** Text with brackets around what is marked. */
const bracketed = (inlines: readonly Inline[]): string =>
  inlines.map((inline) => (typeof inline === 'string' ? inline : `[${inline.text}]`)).join('');

describe('markDifferences', () => {
  it.each([
    ['a man sits here .', 'a man is here .', 'a man [sits] here .', 'a man [is] here .'],
    ['the same', 'the same', 'the same', 'the same'],
    ['one two', 'one', 'one [two]', 'one'],
    ['', 'new words', '', '[new words]'],
  ])('marks what differs between %j and %j', (a, b, markedA, markedB) => {
    expect(markDifferences(a, b).map(bracketed)).toEqual([markedA, markedB]);
  });

  it('keeps every word of both texts', () => {
    const words = fc
      .array(fc.constantFrom('a', 'b', '.', 'c<d', "it's"), { maxLength: 8 })
      .map((list) => list.join(' '));
    const textOf = (inlines: readonly Inline[]) =>
      inlines.map((inline) => (typeof inline === 'string' ? inline : inline.text)).join('');
    fc.assert(
      fc.property(words, words, (a, b) => {
        const [ofA, ofB] = markDifferences(a, b).map(textOf);
        expect([ofA!.split(/\s+/), ofB!.split(/\s+/)].map((list) => list.filter(Boolean))).toEqual([
          a.split(/\s+/).filter(Boolean),
          b.split(/\s+/).filter(Boolean),
        ]);
      }),
    );
  });
});
