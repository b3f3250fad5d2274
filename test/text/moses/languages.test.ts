import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { log } from '../../../src/log.js';
import { createMosesDetokenizer } from '../../../src/text/moses/detokenizer.js';
import { mosesLanguages } from '../../../src/text/moses/languages.js';
import { parseProtectedPatterns } from '../../../src/text/moses/protected-patterns.js';
import { createMosesTokenizer } from '../../../src/text/moses/tokenizer.js';
import { goldenLines } from '../golden.js';

const text = goldenLines('moses/languages/text');
const LANGUAGES = ['fi', 'sv', 'ca', 'tdt', 'cs', 'ga', 'it', 'so', 'hu'];

describe('languages with rules of their own equal the Perl scripts', () => {
  test.each(LANGUAGES)('tokenize %s', (language) => {
    expect(text.map(createMosesTokenizer({ language }))).toEqual(goldenLines(`moses/languages/tok.${language}`));
  });

  test.each([...LANGUAGES, 'ko'])('detokenize %s', (language) => {
    expect(text.map(createMosesDetokenizer(language))).toEqual(goldenLines(`moses/languages/detok.${language}`));
  });
});

/** The log of `operation`. */
function messagesOf(operation: () => void): string[] {
  const messages: string[] = [];
  const detach = log.attach(({ level, fields }) => messages.push(`${level}: ${String(fields.message)}`));
  try {
    operation();
  } finally {
    detach();
  }
  return messages;
}

describe('a language without a list of abbreviations', () => {
  const line = "Dr. Ali'nin Sra. No. 5 art. 3,5 (mavi),";
  // tokenizer.perl prints this for each of them.
  const tokens = 'Dr. Ali &apos; nin Sra . No. 5 art . 3,5 ( mavi ) ,';

  test.each(['tr', 'uk', 'ar', 'ja', 'ko', 'pt-br', 'pt_BR', 'zh_CN', 'EN', 'constructor', '__proto__', ''])(
    'is tokenized with the English one and a warning: %j',
    (language) => {
      const warning = `warning: the Moses tokenizer has no list of abbreviations for language '${language}' and uses the English one`;
      const messages = messagesOf(() => expect(createMosesTokenizer({ language })(line)).toBe(tokens));
      expect(messages).toEqual([expect.stringContaining(warning)]);
    },
  );

  test('keeps its rule for apostrophes if it has one', () => {
    const messages = messagesOf(() =>
      expect(createMosesTokenizer({ language: 'so' })("go'aan Dr. Ali")).toBe('go&apos;aan Dr. Ali'),
    );
    expect(messages).toHaveLength(1);
  });

  test.each([
    ['pt-br', 'pt'],
    ['zh_CN', 'zh'],
    ['DE', 'de'],
  ])('%s: the warning names the list of %s', (language, known) => {
    const [message] = messagesOf(() => createMosesTokenizer({ language }));
    expect(message).toMatch(new RegExp(`there is a list for '${known}'$`));
  });

  test('languages with a list log no warning', () => {
    expect(messagesOf(() => mosesLanguages.map((language) => createMosesTokenizer({ language })))).toEqual([]);
  });
});

// Moses' basic-protected-patterns: tags, addresses, links.
const PATTERNS = [
  '<\\/?\\S+\\/?>',
  '[\\w\\-\\_\\.]+\\@([\\w\\-\\_]+\\.)+[a-zA-Z]{2,}',
  'http[s]?:\\/\\/[^:\\/\\s]+(\\/\\w+)*\\/[\\w\\-\\.]*(\\/)?',
];

test('protected texts are not split, as in tokenizer.perl', () => {
  const tokenize = createMosesTokenizer({
    language: 'en',
    protectedPatterns: parseProtectedPatterns(PATTERNS, 'file'),
  });
  expect(text.map(tokenize)).toEqual(goldenLines('moses/languages/protected.en'));
});

test.each([
  ['(', 'file line 1: the pattern cannot be used'],
  ['[[:alpha:]]', 'a POSIX class'],
  ['[\\W]', '\\W within brackets'],
  ['x*', 'matches the empty string'],
])('the protected pattern %s is refused', (pattern, message) => {
  expect(() => parseProtectedPatterns([pattern], 'file')).toThrow(message);
});

test.each(mosesLanguages)('detokenizing the tokens of plain %s text restores it', (language) => {
  const words = fc.array(fc.stringMatching(/^[a-zA-Zäöéß]{1,8}$/), { minLength: 1, maxLength: 12 });
  const tokenize = createMosesTokenizer({ language, aggressiveHyphens: true });
  const detokenize = createMosesDetokenizer(language);
  fc.assert(
    fc.property(words, fc.constantFrom('.', '!', '?', ''), fc.constantFrom(' ', ', ', '; '), (list, end, joint) => {
      // French puts a space before ; ! ?
      const high = language === 'fr' ? (sign: string): string => sign.replace(/[;!?]/, ' $&') : (sign: string) => sign;
      const line = list.join(high(joint)) + high(end);
      expect(detokenize(tokenize(line))).toBe(line);
    }),
    { numRuns: 30 },
  );
});
