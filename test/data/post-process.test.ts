import { expect, it } from 'vitest';
import { postProcess } from '../../src/data/post-process.js';

it.each([
  ['subword_nmt', 'a@@ b c@@', 'ab c'],
  ['@@ ', 'Hal@@ lo Welt', 'Hallo Welt'],
  ['@@', 'a@@ b', 'a b'],
  ['sentencepiece', '\u2581Ha llo \u2581Welt', 'Hallo Welt'],
  ['wordpiece', '_a b _c', 'ab c'],
  ['letter', 'a b | c |', 'ab c'],
  ['_EOW', 'a b_EOW c_EOW', 'ab c'],
  ['silence', 'a <SIL>  b', 'a b'],
  ['none', 'a@@ b', 'a@@ b'],
  [null, 'a@@ b', 'a@@ b'],
])('%s joins %j to %j', (symbol, sentence, expected) => {
  expect(postProcess(sentence, symbol)).toBe(expected);
});

it('suggests the nearest scheme for an unknown one', () => {
  expect(() => postProcess('a', 'sentencepeice')).toThrow(
    "unknown --post-process 'sentencepeice'; did you mean 'sentencepiece'?",
  );
});
