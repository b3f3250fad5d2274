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
    title: 'equal counts are ordered by code point, the greatest first',
    text: 'ab ab \ue000b \ue000b 😀b 😀b',
    codes: ['😀 b</w>', '\ue000 b</w>', 'a b</w>'],
  },
  {
    title: 'the text of a symbol decides, not its merges',
    text: 'abcx abcx abcx bcy bcy aby aby abc abc',
    codes: ['a b', 'c x</w>', 'ab cx</w>', 'c y</w>', 'b cy</w>', 'ab y</w>', 'ab c</w>'],
  },
])('$title', ({ text, codes }) => {
  expect([...codesLines(learnBpe(countWords([text]), { symbols: 20 }))]).toEqual(['#version: 0.2', ...codes]);
});

// Golden values: subword-nmt 0.3.8 learn-bpe --total-symbols on the same text.
test.each([
  { symbols: 14, codes: ['l o', 'w e', 'n e', 'lo w</w>', 'we s'] },
  { symbols: 11, codes: ['l o', 'w e'] },
  { symbols: 10, codes: ['l o'] },
])('of $symbols symbols in total, those other than the 9 characters are merges', ({ symbols, codes }) => {
  const counts = countWords(['low lower lowest new newer newest', 'low low new']);
  expect(learnBpe(counts, { symbols, totalSymbols: true }).merges.map((merge) => merge.join(' '))).toEqual(codes);
  expect(() => learnBpe(counts, { symbols: 9, totalSymbols: true })).toThrow(
    '9 symbols in total leave no merges to learn: the text has 6 characters within words and 3 at their ends; request more than 9',
  );
});

test.each([0, -1, Number.NaN])('%d symbols are a user error', (symbols) => {
  const counts = countWords(['ab ab']);
  expect(() => learnBpe(counts, { symbols })).toThrow(UserError);
  expect(() => learnBpe(counts, { symbols })).toThrow('has no merges; use a larger number');
});

test('a text without a pair of characters is a user error', () => {
  expect(() => learnBpe(countWords(['a b c']), { symbols: 1 })).toThrow(UserError);
});
