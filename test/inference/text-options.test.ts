import { describe, expect, it } from 'vitest';
import { checkPhrases, formatOf, nbestOf, phrasesOf, type TextOptions } from '../../src/inference/text-options.js';

const wrong = (options: object): TextOptions => options as TextOptions;

describe('the phrases of texts', () => {
  it.each([
    [{}, [[], []]],
    [
      { phrases: ['a', ' b ', 'a'] },
      [
        ['a', 'b'],
        ['a', 'b'],
      ],
    ],
    [{ phrases: [['a'], []] }, [['a'], []]],
  ])('%j', (options, expected) => {
    expect(phrasesOf(options, 2)).toEqual(expected);
  });

  it.each([
    [{ phrases: 'a' }, 'the phrases are'],
    [{ phrases: [['a']] }, 'there are 1 lists of phrases for 2 texts'],
    [{ phrases: [['a'], 'b'] }, 'a list of phrases is'],
    [{ phrases: [1] }, 'a phrase is'],
    [{ phrases: [' '] }, 'a phrase is empty'],
  ])('%j are refused', (options, problem) => {
    expect(() => phrasesOf(wrong(options), 2)).toThrow(problem);
  });

  it('are refused if the model cannot write one', () => {
    const encodePhrase = (phrase: string) => (phrase === 'ß' ? null : { ids: new Int32Array(1), tokens: [phrase] });
    expect(() => checkPhrases([['a'], ['b']], { encodePhrase })).not.toThrow();
    expect(() => checkPhrases([['a'], ['ß']], { encodePhrase })).toThrow("the model cannot write the phrase 'ß'");
  });
});

describe('the number of translations', () => {
  it.each([
    [{}, 5],
    [{ nbest: 1 }, 1],
    [{ nbest: 9 }, 5],
  ])('of %j', (options, expected) => {
    expect(nbestOf(options, 5)).toBe(expected);
  });

  it.each([0, 1.5, '2', Number.NaN])('is not %j', (nbest) => {
    expect(() => nbestOf(wrong({ nbest }), 5)).toThrow('is not a positive integer');
  });
});

describe('the format of texts', () => {
  it.each([
    [{}, 'plain'],
    [{ format: 'html' }, 'html'],
  ] as const)('%j', (options, expected) => {
    expect(formatOf(options)).toBe(expected);
  });

  it.each([
    [{ format: 'hmtl' }, "unknown format 'hmtl'; did you mean"],
    [{ format: 1 }, 'unknown format'],
  ])('%j is refused', (options, problem) => {
    expect(() => formatOf(wrong(options))).toThrow(problem);
  });
});
