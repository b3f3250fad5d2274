import fc from 'fast-check';
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

// Expected values are from normalize-punctuation.perl.
test.each([
  { language: 'de', line: '1\u00a0000 „so“.', text: '1,000 "so".' },
  { language: 'en', line: '1\u00a0000 “so”.', text: '1.000 "so."' },
  { language: 'fr', line: '«\u00a0Oui.\u00a0»\u00a0!', text: '"Oui". !' },
  { language: 'cs', line: '„ano“, 1\u00a02', text: '"ano", 1,2' },
  { language: 'de', line: 'a ( b ) .', text: 'a (b).' },
])('$language: $line becomes $text', ({ language, line, text }) => {
  expect(createPunctuationNormalizer(language)(line)).toBe(text);
});

test('no line that a rule would change is skipped: a carriage return, which is removed, triggers every rule', () => {
  const pieces = [...'aZ0 .,:;!?()%`\'"´„“”‘’‚–—…«»\u00a0<', '  ', "''", 'nº\u00a0', 'ºC', 'cm'];
  const lines = fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join(''));
  const languages = fc.constantFrom('de', 'en', 'fr', 'cs');
  fc.assert(
    fc.property(lines, languages, (line, language) => {
      const normalize = createPunctuationNormalizer(language);
      expect(normalize(line)).toBe(normalize(`\r${line}`));
    }),
    { numRuns: 2000 },
  );
});
