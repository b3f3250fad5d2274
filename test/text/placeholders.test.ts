import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeholdersOf, restorePhrases, restorePlaceholders } from '../../src/text/placeholders.js';
import { expectLinearGrowth } from '../helpers/growth.js';

describe('placeholders', () => {
  it.each([
    ['of messages', `Type '{0}' is not {name}, {{x}} or \${a.b}.`, ['{0}', '{name}', '{{x}}', `\${a.b}`]],
    ['of printf', '%s is %1$d of %(total)s', ['%s', '%1$d', '%(total)s']],
    ['as numbered tags', 'a <0>link</0>', ['<0>', '</0>']],
    ['as addresses', 'See https://a.b/c?d=e#f. Ask me@example.org!', ['https://a.b/c?d=e#f', 'me@example.org']],
    ['but not a percentage', '100% sure, 5 % discount', []],
  ])('are found %s', (_, text, expected) => {
    expect(placeholdersOf(text)).toEqual(expected);
  });

  it.each([
    ['restored if tokenization has changed them', "'{0}' und %1$s", "'{ 0 }' and % 1 $ s", "'{0}' and %1$s", []],
    ['restored in another case', 'Datei {Name}', 'file {name}', 'file {Name}', []],
    ['reported if they are lost', 'Typ {0}', 'type', 'type', ['{0}']],
    ['counted', '{0} und {0}', '{0} and', '{0} and', ['{0}']],
    ['left alone if they are there', 'x {0}', '{0} x', '{0} x', []],
    ['restored as they are, not as patterns', `\${a.b}`, '$ { a . b } $&', `\${a.b} $&`, []],
  ])('are %s', (_, source, translation, text, lost) => {
    expect(restorePlaceholders(source, translation)).toEqual({ text, lost });
  });

  it.each(['a.', '@a', 'a@', '{', '{a', '%1', '%(a', 'http://', '<1', 'a-'])(
    'are found in a long run of %j in a time that grows like its length',
    (piece) => {
      expectLinearGrowth(placeholdersOf, (length) => piece.repeat(length / piece.length));
    },
  );

  it('are never lost in a text that is its own translation', () => {
    const pieces = fc.constantFrom('{0}', '{', '}', '%s', '$', ' ', 'word', 'http://a.b/c', '<1>', '.', '{ 0 }');
    fc.assert(
      fc.property(
        fc.array(pieces).map((parts) => parts.join('')),
        (text) => {
          expect(restorePlaceholders(text, text)).toEqual({ text, lost: [] });
        },
      ),
    );
  });
});

it.each([
  ['new york', 'in new york', 'in new york'],
  ['e-mail', 'an e - mail', 'an e-mail'],
  ['New York', 'new york is', 'new York is'],
  ['the house', 'The house', 'The house'],
  ['x', 'y', 'y'],
])('the phrase %j is restored in %j', (phrase, translation, expected) => {
  expect(restorePhrases([phrase], translation)).toBe(expected);
});
