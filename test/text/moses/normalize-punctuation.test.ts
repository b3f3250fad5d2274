import { expect, test } from 'vitest';
import { createPunctuationNormalizer } from '../../../src/text/moses/normalize-punctuation.js';
import { goldenLines } from '../golden.js';

test.each(['edge.de', 'edge.en', 'edge.fr', 'test.de', 'test.en'])(
  'equals normalize-punctuation.perl on %s',
  (name) => {
    const [split, language] = name.split('.') as [string, string];
    const normalize = createPunctuationNormalizer(language);
    expect(goldenLines(`moses/${name}`).map(normalize)).toEqual(goldenLines(`moses/${split}.norm.${language}`));
  },
);

// Each line was given to normalize-punctuation.perl.
test.each([
  { language: 'de', line: '1\u00a0000 „so“.', text: '1,000 "so".' },
  { language: 'en', line: '1\u00a0000 “so”.', text: '1.000 "so."' },
  { language: 'fr', line: '«\u00a0Oui.\u00a0»\u00a0!', text: '"Oui". !' },
  { language: 'cs', line: '„ano“, 1\u00a02', text: '"ano", 1,2' },
  { language: 'de', line: 'a ( b ) .', text: 'a (b).' },
])('$language: $line becomes $text', ({ language, line, text }) => {
  expect(createPunctuationNormalizer(language)(line)).toBe(text);
});
