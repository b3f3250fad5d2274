import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cleanCorpus } from '../../../src/text/moses/clean-corpus.js';
import { createMosesDetokenizer } from '../../../src/text/moses/detokenizer.js';
import { createPunctuationNormalizer, quotation } from '../../../src/text/moses/normalize-punctuation.js';
import { hideProtected, restoreProtected } from '../../../src/text/moses/protected-patterns.js';
import { applyRules, type Rule } from '../../../src/text/moses/rules.js';
import { createMosesTokenizer, ISOLATE_DOT_RUNS } from '../../../src/text/moses/tokenizer.js';
import { countCasings, createTruecaser, splitMarkup } from '../../../src/text/moses/truecase.js';
import { expectLinearGrowth, longRuns } from '../../helpers/growth.js';

const textOf = (...characters: string[]) =>
  fc.array(fc.constantFrom(...characters), { maxLength: 30 }).map((list) => list.join(''));

describe('the rules for long runs equal those of the scripts', () => {
  test('of dots in the tokenizer', () => {
    const script: readonly Rule[] = [
      [/\.{2,}(?=[^.])/gu, ' $& '],
      [/\.{2,}$/gu, ' $&'],
    ];
    fc.assert(
      fc.property(textOf('.', '.', 'a', ' ', '\n'), (line) => {
        expect(applyRules(line, ISOLATE_DOT_RUNS)).toBe(applyRules(line, script));
      }),
    );
  });

  test('of dots before a quote in the punctuation normaliser', () => {
    const script: readonly Rule[] = [
      [/,"/gu, '",'],
      [/(\.+)"([\t-\r ]*[^<])/gu, '"$1$2'],
    ];
    fc.assert(
      fc.property(textOf('.', '.', '"', '<', 'a', ' ', '\n', ','), (line) => {
        expect(applyRules(line, quotation('de'))).toBe(applyRules(line, script));
      }),
    );
  });

  test('of protected texts in the tokenizer', () => {
    const mark = (index: number): string => `THISISPROTECTED${String(index).padStart(3, '0')}`;
    const part = textOf('a', 'T', ' ', '0', ' T', 'THISISPROTECTED000', '<', '1 ');
    const texts = fc.array(
      part.filter((text) => text !== ''),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(part, texts, (line, found) => {
        const hidden = found.reduce((all, text, index) => all.replaceAll(text, ` ${mark(index)} `), line);
        expect(hideProtected(line, found)).toBe(hidden);
        const marked = `${hidden} ${mark(1)}`;
        expect(restoreProtected(marked, found)).toBe(
          found.reduce((all, text, index) => all.replaceAll(mark(index), () => text), marked),
        );
      }),
      { numRuns: 1000 },
    );
  });

  test.each([true, false])('of tags in the truecaser (factored: %s)', (factored) => {
    fc.assert(
      fc.property(textOf('<', '>', '|', 'a', ' ', 'b>', '|<b>'), (line) => {
        expect(splitMarkup(line, factored)).toEqual(splitMarkupOfScript(line, factored));
      }),
    );
  });
});

/** Like truecase.perl, which searches for a tag at every position. */
function splitMarkupOfScript(line: string, factored: boolean): { words: string[]; markup: string[] } {
  const words: string[] = [];
  const markup = [''];
  let rest = line;
  while (/\P{White_Space}/u.test(rest)) {
    const tag = /^\p{White_Space}*(<\P{White_Space}[^>]*>)/u.exec(rest);
    if (tag !== null) {
      rest = rest.slice(tag[0].length);
      if (factored && tag[0] === tag[1] && words.at(-1)?.endsWith('|')) {
        const bars = /^\|*/.exec(rest)![0];
        words.push(words.pop()! + tag[1] + bars);
        rest = rest.slice(bars.length);
      } else {
        markup.push(`${markup.pop()}${tag[1]} `);
      }
      continue;
    }
    const word = (/^\p{White_Space}*([^\p{White_Space}<>]+)/u.exec(rest) ??
      /^\p{White_Space}*(\P{White_Space}+)/u.exec(rest))!;
    words.push(word[1]!);
    markup.push('');
    rest = rest.slice(word[0].length);
  }
  markup.push(markup.pop()!.slice(0, -1));
  return { words, markup };
}

const TOOLS: Readonly<Record<string, (line: string) => unknown>> = {
  'the English tokenizer': createMosesTokenizer({ language: 'en', aggressiveHyphens: true }),
  'the Finnish tokenizer': createMosesTokenizer({ language: 'fi' }),
  'the tokenizer with a protected pattern': createMosesTokenizer({ language: 'fr', protectedPatterns: [/<[^<>]+>/u] }),
  'the English detokenizer': createMosesDetokenizer('en'),
  'the Czech detokenizer': createMosesDetokenizer('cs'),
  'the English normaliser': createPunctuationNormalizer('en'),
  'the German normaliser': createPunctuationNormalizer('de'),
  'the truecaser': createTruecaser({ best: new Map([['a', 'A']]), known: new Set() }),
  'the counts of casings': (line) => countCasings([line], true),
  'the cleaning of a corpus': (line) => [
    ...cleanCorpus(
      [
        ['a', 'b'],
        [line, line],
      ],
      { min: 1, max: 1_000_000 },
    ),
  ],
};

describe.each(Object.keys(TOOLS))('%s', (name) => {
  test('takes linear time for a run of any text', () => {
    for (const { text } of longRuns()) expectLinearGrowth(TOOLS[name]!, text);
  });
});
