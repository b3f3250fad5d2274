import { expect, test } from 'vitest';
import { UserError } from '../../../src/errors.js';
import { codesLines } from '../../../src/text/bpe/codes.js';
import { learnBpe } from '../../../src/text/bpe/learn.js';
import { createBpeSegmenter } from '../../../src/text/bpe/segmenter.js';
import { countWords, vocabularyLines } from '../../../src/text/bpe/word-counts.js';
import { goldenLines } from '../golden.js';

const training = { de: goldenLines('bpe/train.lc.de'), en: goldenLines('bpe/train.lc.en') };
const learned = learnBpe(countWords(training.en, countWords(training.de)), { symbols: 600 });

test('the codes equal those of subword-nmt learn-bpe', () => {
  expect([...codesLines(learned)]).toEqual(goldenLines('bpe/codes'));
});

test.each(['de', 'en'] as const)('the %s vocabulary equals that of subword-nmt get-vocab', (language) => {
  const segmented = training[language].map(createBpeSegmenter({ codes: learned }));
  expect([...vocabularyLines(countWords(segmented))]).toEqual(goldenLines(`bpe/vocab.${language}`));
});

// Golden values: subword-nmt 0.3.8 learn-bpe on the same text.
test.each([
  { title: 'a pair that overlaps itself', text: 'aaaa aaaa aaa', codes: ['a a', 'aa a', 'aaa a</w>'] },
  {
    title: 'equal counts go by code point, the greatest first',
    text: 'ab ab \ue000b \ue000b 😀b 😀b',
    codes: ['😀 b</w>', '\ue000 b</w>', 'a b</w>'],
  },
  {
    title: 'the text of a symbol decides, not how it was made',
    text: 'abcx abcx abcx bcy bcy aby aby abc abc',
    codes: ['a b', 'c x</w>', 'ab cx</w>', 'c y</w>', 'b cy</w>', 'ab y</w>', 'ab c</w>'],
  },
])('$title', ({ text, codes }) => {
  expect([...codesLines(learnBpe(countWords([text]), { symbols: 20 }))]).toEqual(['#version: 0.2', ...codes]);
});

test('a text without a pair of characters is a user error', () => {
  expect(() => learnBpe(countWords(['a b c']), { symbols: 1 })).toThrow(UserError);
});
