import { expect, it } from 'vitest';
import { concatenateStores, storeSentences, truncateSentences } from '../../src/data/sentence-store.js';

const first = storeSentences([Int32Array.of(4, 5, 6, 2), Int32Array.of(2)]);
const second = storeSentences([Int32Array.of(7, 2)]);

it('concatenated stores number sentences consecutively', () => {
  const joined = concatenateStores([first, second, storeSentences([]), second]);
  expect([...joined.sizes]).toEqual([4, 1, 2, 2]);
  expect([0, 1, 2, 3].map((at) => [...joined.sentence(at)])).toEqual([[4, 5, 6, 2], [2], [7, 2], [7, 2]]);
});

it('truncated sentences keep their </s>', () => {
  const cut = truncateSentences(first, 3);
  expect([...cut.sizes]).toEqual([3, 2]); // fairseq counts one id too many for a sentence that is not truncated
  expect([...cut.sentence(0)]).toEqual([4, 5, 2]);
  expect([...cut.sentence(1)]).toEqual([2]);
});

it('closing a concatenated store closes its parts', () => {
  const closed: number[] = [];
  const part = (name: number) => ({ ...first, close: () => closed.push(name) });
  concatenateStores([part(1), part(2)]).close();
  expect(closed).toEqual([1, 2]);
});
