import { describe, expect, test } from 'vitest';
import { UserError } from '../../../src/errors.js';
import { parseCodes } from '../../../src/text/bpe/codes.js';
import { createBpeSegmenter } from '../../../src/text/bpe/segmenter.js';
import { readVocabulary } from '../../../src/text/bpe/word-counts.js';
import { goldenLines, goldenPath } from '../golden.js';

const codes = parseCodes(goldenLines('bpe/codes'), 'codes');

describe.each(['de', 'en'])('segmented text equals that of subword-nmt apply-bpe, %s', (language) => {
  const lines = goldenLines(`bpe/test.lc.${language}`);
  const vocabulary = readVocabulary(goldenPath(`bpe/vocab.${language}`), 5);

  test.each([
    { title: 'with the codes alone', options: {}, golden: 'test' },
    { title: 'with a vocabulary and a threshold', options: { vocabulary }, golden: 'test.vocab5' },
    { title: 'with glossaries', options: { glossaries: ['typescript', '\\d+'] }, golden: 'test.glossary' },
  ])('$title', ({ options, golden }) => {
    expect(lines.map(createBpeSegmenter({ codes, ...options }))).toEqual(goldenLines(`bpe/${golden}.${language}`));
  });
});

// Golden values: subword-nmt 0.3.8 apply-bpe.
test.each([
  {
    title: 'spaces around a line stay, double spaces inside become one',
    codes: ['#version: 0.2', 'a b', 'ab c</w>', 'b c</w>'],
    line: ' abc bc  ab ',
    out: ' abc bc a@@ b ',
  },
  { title: 'a blank line stays', codes: ['#version: 0.2', 'a b'], line: '  ', out: '  ' },
  {
    title: 'version 0.1 treats the end of a word as a symbol',
    codes: ['a b', 'ab c', 'abc </w>', 'b </w>'],
    line: 'abc bc ab xabc',
    out: 'abc b@@ c ab x@@ abc',
  },
  {
    title: 'the first of repeated merges counts',
    codes: ['#version: 0.2', 'b c</w>', 'a b', 'b c</w>'],
    line: 'abc',
    out: 'a@@ bc',
  },
  { title: 'a character beyond U+FFFF is one symbol', codes: ['#version: 0.2', 'a b'], line: '😀a', out: '😀@@ a' },
])('$title', ({ codes: lines, line, out }) => {
  expect(createBpeSegmenter({ codes: parseCodes(lines, 'codes') })(line)).toBe(out);
});

test('subwords outside the vocabulary are split again', () => {
  const small = parseCodes(['#version: 0.2', 'a b', 'ab c</w>'], 'codes');
  const vocabulary = new Set(['a@@', 'b@@', 'c']);
  expect(createBpeSegmenter({ codes: small, vocabulary })('abc')).toBe('a@@ b@@ c');
});

test('glossaries are isolated inside words, and \\d is any decimal digit', () => {
  const small = parseCodes(['#version: 0.2', 'a b', 'b c</w>'], 'codes');
  const segment = createBpeSegmenter({ codes: small, glossaries: ['ab', '\\d+'] });
  expect(segment('abc 12ab3 ٣ab')).toBe('ab@@ c 12@@ ab@@ 3 ٣@@ ab');
});

test('the separator can be chosen', () => {
  expect(createBpeSegmenter({ codes, separator: '￭' })('qqq')).toBe('q￭ q￭ q');
});

test('an invalid regular expression in a glossary is a user error', () => {
  expect(() => createBpeSegmenter({ codes, glossaries: ['C++'] })).toThrow(UserError);
});

test.each([
  { lines: ['#version: 0.2', 'a b', 'c'], message: 'my.codes line 3: "c" is not two symbols separated by a space' },
  {
    lines: ['#version: 0.2', 'a b', '', 'b c', ''],
    message: 'my.codes line 3: "" is not two symbols separated by a space',
  },
  { lines: ['', '#version: 0.2', 'a b'], message: 'my.codes line 1: "" is not two symbols separated by a space' },
  { lines: ['', ' '], message: 'my.codes is empty; give a codes file' },
  { lines: ['a b c'], message: 'my.codes line 1: "a b c" is not two symbols separated by a space' },
  { lines: ['#version: 0.3', 'a b'], message: 'my.codes has BPE version 0.3; versions 0.1 and 0.2 are supported' },
])('damaged codes are a user error: $message', ({ lines, message }) => {
  expect(() => parseCodes(lines, 'my.codes')).toThrow(message);
});

test('a damaged vocabulary is a user error that names the line', () => {
  expect(() => readVocabulary(goldenPath('bpe/codes'))).toThrow(
    'codes line 1: "#version: 0.2" is not "<word> <count>"',
  );
});
