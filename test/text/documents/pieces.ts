import * as fc from 'fast-check';
import type { Pieces, Prose } from '../../../src/text/documents/prose.js';

/** The prose among pieces. */
export const proseOf = (pieces: Pieces): Prose[] => pieces.filter((piece): piece is Prose => typeof piece !== 'string');

/** The document with every text replaced. */
export const rewritten = (pieces: Pieces, translate: (prose: Prose) => string): string =>
  pieces.map((piece) => (typeof piece === 'string' ? piece : piece.write(translate(piece)))).join('');

/** The document in capitals, except what is verbatim. */
export const shouted = (pieces: Pieces): string =>
  rewritten(pieces, ({ text, verbatim }) =>
    [...verbatim.keys()].reduce((shout, name) => shout.replaceAll(name.toUpperCase(), name), text.toUpperCase()),
  );

const SIGNS = [...'&<>*_`#[]()!|~-+=.:\\"\'{}0 ', '1.', 'a', 'B', '&amp;', '**', '](', '<b>', 'http://c.d', '@e.f'];

/** Translators whose translations are one line of signs that formats use, around the placeholders of the text. */
export const signWriters: fc.Arbitrary<(prose: Prose) => string> = fc
  .tuple(fc.array(fc.constantFrom(...SIGNS), { maxLength: 12 }), fc.boolean())
  .map(([signs, wordFirst]) => (wordFirst ? ['x', ...signs] : [...signs, 'x']).join('').replace(/ +/gu, ' ').trim())
  .filter((line) => !/\{\d\}/u.test(line)) // it could be a placeholder
  .map(
    (line) =>
      ({ verbatim }) =>
        verbatim.size === 0 ? line : ['x', ...verbatim.keys(), line].join(' '),
  );
