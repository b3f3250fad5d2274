import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { UserError } from '../../src/errors.js';
import { makeEmbeddedCorpus, readMessagePairs, skeletonOf } from '../../src/text/embedded-corpus.js';
import { readLines } from '../../src/text/lines.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const splits = ['train', 'valid', 'test'] as const;
const root = temporaryFolder();

describe.each([
  {
    language: 'de',
    counts: { train: 1878, valid: 107, test: 133 },
    pair: ['Nicht abgeschlossenes Zeichenfolgenliteral.', 'Unterminated string literal.'],
  },
  {
    language: 'fr',
    counts: { train: 1880, valid: 108, test: 133 },
    pair: ['Déclaration attendue.', 'Declaration expected.'],
  },
] as const)('the embedded corpus, $language-en', ({ language, counts, pair }) => {
  let directory: string;
  const linesOf = (split: string, side: string): string[] => [...readLines(join(directory, `${split}.${side}`))];
  const pairsOf = (split: string): string[] => {
    const english = linesOf(split, 'en');
    return linesOf(split, language).map((source, index) => `${source}\t${english[index]}`);
  };

  beforeAll(() => {
    directory = join(root, language);
    expect(makeEmbeddedCorpus({ language, directory })).toEqual(counts);
  });

  test('each split has the returned number of lines on both sides', () => {
    for (const split of splits) {
      expect(linesOf(split, language)).toHaveLength(counts[split]);
      expect(linesOf(split, 'en')).toHaveLength(counts[split]);
    }
  });

  test('a message is paired with its translation', () => {
    expect(splits.flatMap(pairsOf)).toContain(pair.join('\t'));
  });

  test('no message of a split is a message of another split with other names', () => {
    const homes = new Map<string, string>();
    for (const split of splits) {
      for (const english of linesOf(split, 'en')) {
        const skeleton = skeletonOf(english);
        expect(`${homes.get(skeleton) ?? split}: ${english}`).toBe(`${split}: ${english}`);
        homes.set(skeleton, split);
      }
    }
  });

  test('no line occurs twice on a side', () => {
    for (const side of [language, 'en']) {
      const lines = splits.flatMap((split) => linesOf(split, side));
      expect(new Set(lines).size).toBe(lines.length);
    }
  });

  test('a second run gives the same files', () => {
    const again = join(root, `${language}-again`);
    makeEmbeddedCorpus({ language, directory: again });
    for (const split of splits) {
      for (const file of [`${split}.${language}`, `${split}.en`]) {
        expect(readFileSync(join(again, file))).toEqual(readFileSync(join(directory, file)));
      }
    }
  });
});

test.each([
  ["'for...in' statement", "'for...of' Statement"],
  ['Expected {0} arguments', 'expected {1} arguments'],
  ['since ES2015', 'since ES5'],
  ["a class's '{0}' and \"x\"", "a class's 'name' and \"y\""],
  ["`{'}'}` or `&rbrace;`", "`{'>'}` or `&gt;`"],
])('%s and %s have the same skeleton', (a, b) => {
  expect(skeletonOf(a)).toBe(skeletonOf(b));
});

test('messages with different meanings have different skeletons', () => {
  expect(skeletonOf("a class's '{0}' is x")).not.toBe(skeletonOf("a module's '{0}' is x"));
});

describe('without the package typescript', () => {
  const failWith = (code: string) => () => {
    throw Object.assign(new Error('require failed'), { code });
  };

  test('says in one line what is missing and how to install it', () => {
    const reading = () => readMessagePairs('de', failWith('MODULE_NOT_FOUND'));
    expect(reading).toThrow(UserError);
    expect(reading).toThrow(/'typescript' is not installed; install it with npm install --no-save typescript@6\.0\.3$/);
  });

  test('passes any other error on', () => {
    expect(() => readMessagePairs('de', failWith('EACCES'))).toThrow(/^require failed$/);
  });
});
