import { expect, test } from 'vitest';
import { UserError } from '../../../src/errors.js';
import { cleanCorpus } from '../../../src/text/moses/clean-corpus.js';
import { goldenLines } from '../golden.js';

type Pair = [string, string];

test('keeps the pairs that clean-corpus-n.perl keeps', () => {
  const targets = goldenLines('moses/valid.tok.en');
  const pairs = goldenLines('moses/valid.tok.de').map((line, index): Pair => [line, targets[index]!]);
  const kept = [...cleanCorpus(pairs, { min: 1, max: 25, ratio: 1.5 })];
  expect(kept.map(([source]) => source)).toEqual(goldenLines('moses/valid.clean.de'));
  expect(kept.map(([, target]) => target)).toEqual(goldenLines('moses/valid.clean.en'));
});

const limits = { min: 1, max: 4, ratio: 2 };
test.each<{ title: string; pair: Pair; kept: Pair[] }>([
  { title: 'white space is collapsed and trimmed', pair: [' a\u00a0\tb ', 'c'], kept: [['a b', 'c']] },
  { title: 'an empty side drops the pair', pair: ['a', ' '], kept: [] },
  { title: 'a side over the maximum drops the pair', pair: ['a b c d e', 'a b c d'], kept: [] },
  { title: 'a ratio equal to the maximum is allowed', pair: ['a b', 'a b c d'], kept: [['a b', 'a b c d']] },
  { title: 'a ratio above it drops the pair', pair: ['a b c', 'a'], kept: [] },
  { title: 'a token of 1000 characters is kept', pair: ['x'.repeat(1000), 'a'], kept: [['x'.repeat(1000), 'a']] },
  { title: 'a longer token drops the pair', pair: ['x'.repeat(1001), 'a'], kept: [] },
])('$title', ({ pair, kept }) => {
  expect([...cleanCorpus([pair], limits)]).toEqual(kept);
});

test('a | stays if the first pair contains one, otherwise it is removed', () => {
  expect([
    ...cleanCorpus(
      [
        ['a', 'b'],
        ['c|d', 'e'],
      ],
      limits,
    ),
  ]).toEqual([
    ['a', 'b'],
    ['cd', 'e'],
  ]);
  expect([
    ...cleanCorpus(
      [
        ['a|A', 'b'],
        ['c|d', 'e'],
      ],
      limits,
    ),
  ]).toEqual([
    ['a|A', 'b'],
    ['c|d', 'e'],
  ]);
});

test('an empty factor is a user error that names the line', () => {
  const pairs: Pair[] = [
    ['a|A', 'b'],
    ['a |B', 'b'],
  ];
  expect(() => [...cleanCorpus(pairs, limits)]).toThrow(UserError);
  expect(() => [...cleanCorpus(pairs, limits)]).toThrow('line 2 has an empty factor: a |B');
});
