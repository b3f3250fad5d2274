import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMosesTokenizer } from '../../../src/text/moses/tokenizer.js';
import { goldenLines } from '../golden.js';

const variants = [
  { suffix: 'tok', options: {} },
  { suffix: 'tok-a', options: { aggressiveHyphens: true } },
  { suffix: 'tok-no-escape', options: { escape: false } },
  { suffix: 'tok-a-no-escape', options: { aggressiveHyphens: true, escape: false } },
];

describe('the Moses tokenizer equals tokenizer.perl', () => {
  const awkward = ['de', 'en', 'fr'].flatMap((language) => variants.map((variant) => ({ language, ...variant })));
  test.each(awkward)('on awkward lines, $language $suffix', ({ language, suffix, options }) => {
    const tokenize = createMosesTokenizer({ language, ...options });
    expect(goldenLines(`moses/edge.${language}`).map(tokenize)).toEqual(
      goldenLines(`moses/edge.${suffix}.${language}`),
    );
  });

  const messages = ['de', 'en'].flatMap((language) => [variants[0]!, variants[3]!].map((v) => ({ language, ...v })));
  test.each(messages)('on messages, $language $suffix', ({ language, suffix, options }) => {
    const tokenize = createMosesTokenizer({ language, ...options });
    expect(goldenLines(`moses/test.${language}`).map(tokenize)).toEqual(
      goldenLines(`moses/test.${suffix}.${language}`),
    );
  });

  // Expected values are from tokenizer.perl, for characters whose classes differ in JavaScript, and for edge cases.
  test.each([
    {
      title: 'U+0085, U+2028 and U+3000 are white space',
      language: 'en',
      line: 'a\u0085b\u2028c\u3000d',
      tokens: 'a b c d',
    },
    { title: 'a byte order mark is a symbol', language: 'en', line: '\ufeffa', tokens: '\ufeff a' },
    { title: 'control characters are removed', language: 'en', line: 'a\x01b\x1cc', tokens: 'abc' },
    { title: 'a blank line is not changed', language: 'en', line: ' \t ', tokens: ' \t ' },
    { title: 'an accent does not join a word', language: 'de', line: 'e\u0301t', tokens: 'e \u0301 t' },
    {
      title: 'a comma within a Roman numeral stays, one next to a fraction does not',
      language: 'en',
      line: 'Ⅷ,5 ½,5 a,b,c',
      tokens: 'Ⅷ,5 ½ , 5 a , b , c',
    },
    { title: 'a comma after the last number is a token', language: 'en', line: 'I have 5,', tokens: 'I have 5 ,' },
    { title: 'dots stay together', language: 'en', line: 'a..b ... c..', tokens: 'a .. b ... c ..' },
    { title: 'a final quotation keeps its space', language: 'en', line: "No.'", tokens: 'No . &apos; ' },
    {
      title: 'No. stays together only before a number',
      language: 'en',
      line: 'No. 5 No. X 1.',
      tokens: 'No. 5 No . X 1 .',
    },
    { title: 'an emoji is one symbol', language: 'fr', line: 'l’ami😀', tokens: 'l ’ ami 😀' },
  ])('$title', ({ language, line, tokens }) => {
    expect(createMosesTokenizer({ language })(line)).toBe(tokens);
  });
});

/** Signs that rules look for, alone and combined. */
const awkwardLine = fc
  .array(fc.constantFrom(...Array.from(' ..,\'-:aB5"&[½ß😀·`\u00a0\u0001|'), 'No.', '. ', "'s"), {
    minLength: 1,
    maxLength: 12,
  })
  .map((parts) => parts.join(''));

describe('rules that are skipped for a line', () => {
  // Leading spaces change no token, but make every rule apply.
  test.each(['de', 'en', 'fr', 'fi', 'ca', 'so'])('would not change it, %s', (language) => {
    const tokenize = createMosesTokenizer({ language, aggressiveHyphens: true });
    fc.assert(
      fc.property(awkwardLine, (line) => {
        fc.pre(/\P{White_Space}/u.test(line));
        expect(tokenize(line)).toBe(tokenize(`  ${line}`));
      }),
      { numRuns: 500 },
    );
  });
});

test('a line of control characters only has no tokens', () => {
  expect(createMosesTokenizer({ language: 'de' })('\u0001')).toBe('');
});
