import { describe, expect, test } from 'vitest';
import { createMosesDetokenizer } from '../../../src/text/moses/detokenizer.js';
import { goldenLines } from '../golden.js';

describe('the Moses detokenizer equals detokenizer.perl', () => {
  test.each(['edge.de', 'edge.en', 'edge.fr', 'test.de', 'test.en'])('on the tokens of %s', (name) => {
    const [split, language] = name.split('.') as [string, string];
    const detokenize = createMosesDetokenizer(language);
    expect(goldenLines(`moses/${split}.tok.${language}`).map(detokenize)).toEqual(
      goldenLines(`moses/${split}.detok.${language}`),
    );
  });

  // Expected values are from detokenizer.perl.
  test.each([
    { title: 'consecutive Chinese or Japanese words join', language: 'en', line: '日本 語 a 語', text: '日本語 a 語' },
    { title: 'Korean words stay apart', language: 'ko', line: '한국 한국', text: '한국 한국' },
    {
      title: 'a plural possessive is not an opening quote',
      language: 'en',
      line: "the Jones ' house",
      text: "the Jones' house",
    },
    { title: 'an Italian article joins its noun', language: 'it', line: "l' uomo", text: "l'uomo" },
    { title: 'currency joins its amount', language: 'de', line: '( $ 5 )', text: '($5)' },
    { title: 'a line of markup is not changed', language: 'en', line: '<a> , </a>', text: '<a> , </a>' },
    { title: 'legacy entities are decoded', language: 'en', line: 'a &bar; &bra; b &ket;', text: 'a | [b]' },
    { title: 'an escaped entity is unescaped once', language: 'en', line: '&amp;lt;', text: '&lt;' },
  ])('$title', ({ language, line, text }) => {
    expect(createMosesDetokenizer(language)(line)).toBe(text);
  });
});
