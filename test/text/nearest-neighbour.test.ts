import { expect, test } from 'vitest';
import { UserError } from '../../src/errors.js';
import { nearestNeighbourBaseline } from '../../src/text/nearest-neighbour.js';

const train = [
  ['der Hund läuft', 'the dog runs'],
  ['die Katze schläft', 'the cat sleeps'],
  ['die Katze läuft', 'the cat runs'],
  ['ja', 'yes'],
] as const;

test.each([
  { title: 'a training source gets its own translation', source: 'die Katze schläft', answer: 'the cat sleeps' },
  { title: 'the most similar source is used', source: 'der Hund läuft weg', answer: 'the dog runs' },
  { title: 'a short text is one n-gram', source: 'ja', answer: 'yes' },
  { title: 'without common n-grams the first source is used', source: 'xyzzy', answer: 'the dog runs' },
])('$title', ({ source, answer }) => {
  expect(nearestNeighbourBaseline(train, [source])).toEqual([answer]);
});

test('an earlier source wins a tie', () => {
  const twins = [
    ['abcdX', 'first'],
    ['abcdY', 'second'],
  ] as const;
  expect(nearestNeighbourBaseline(twins, ['abcd'])).toEqual(['first']);
});

test('no training pairs are a user error', () => {
  expect(() => nearestNeighbourBaseline([], ['a'])).toThrow(UserError);
});
