import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineTooLong, type TranslatedLine } from '../../src/inference/line-search.js';
import type { SentenceSearch } from '../../src/inference/sentence-search.js';
import { translateTexts } from '../../src/inference/text-translation.js';
import type { Translation } from '../../src/search/index.js';
import { createSentenceSplitter } from '../../src/text/sentences.js';

const UNKNOWN = 3;
const LONGEST = 5; // words

/** Translates by writing in capitals; words with an x are unknown; sentences of more than five words are too long. */
const shouting: SentenceSearch & { readonly batches: number[] } = {
  batches: [],
  read(sentence, name) {
    const words = sentence.split(/\s+/);
    if (words.length > LONGEST) throw new LineTooLong(name, words.length, LONGEST);
    return {
      number: 0,
      ids: Int32Array.from([...words.map((word) => (/x/iu.test(word) ? UNKNOWN : 9)), 2]),
      words,
      phrases: [],
    };
  },
  encodePhrase: () => null,
  translate(lines) {
    this.batches.push(lines.length);
    return Promise.resolve(lines.map((line) => answer(line)));
  },
};

function answer(line: TranslatedLine['line']): TranslatedLine {
  const text = line.words.join(' ').toUpperCase();
  const translation: Translation = { text, detokenized: text, score: -1, tokens: [], tokenScores: [], alignment: null };
  const translations = text === 'NOTHING' ? [] : [translation, { ...translation, score: -2 }];
  return {
    line,
    sentence: { id: 0, source: '', reference: null, detokenizedReference: null, translations },
    seconds: 0,
  };
}

const translate = (...texts: string[]) =>
  translateTexts(texts, shouting, { split: createSentenceSplitter('en'), nbest: 1, unkIndex: UNKNOWN });

describe('a text', () => {
  it.each([
    ['keeps its line ends and white space', '  One.  Two\r\n\n\tthree.\n', '  ONE.  TWO\r\n\n\tTHREE.\n'],
    ['without words is its own translation', '---\n', '---\n'],
    ['may be empty', '', ''],
    ['keeps a sentence that has no translation', 'Yes! nothing', 'YES! nothing'],
    ['is divided at commas where a sentence is too long', 'a b c, d e f', 'A B C, D E F'],
    ['is divided at spaces otherwise', 'a b c d e f g', 'A B C D E F G'],
  ])('%s', async (_, text, expected) => {
    expect((await translate(text))[0]!.text).toBe(expected);
  });

  it('is translated together with others', async () => {
    shouting.batches.length = 0;
    const translations = await translate('One. Two.', '', 'three');
    expect(translations.map(({ text }) => text)).toEqual(['ONE. TWO.', '', 'THREE']);
    expect(shouting.batches).toEqual([3]);
  });

  it('says which sentences have no translation, and why', async () => {
    const [translation] = await translate('Nothing. Fine.');
    expect(translation!.sentences.map(({ problem, score, text }) => ({ problem, score, text }))).toEqual([
      { problem: null, score: -1, text: 'NOTHING.' },
      { problem: null, score: -1, text: 'FINE.' },
    ]);
    const [none] = await translate('nothing');
    expect(none!.sentences[0]).toMatchObject({
      text: 'nothing',
      score: null,
      problem: expect.stringContaining('rule out'),
    });
  });

  it('says how much of it is unknown to the model', async () => {
    const [translation] = await translate('Xa xb. C d. ');
    expect(translation!.unknownRatio).toBe(0.5);
    expect(translation!.sentences.map(({ unknownRatio }) => unknownRatio)).toEqual([1, 0]);
  });

  it('keeps as many translations of a sentence as requested', async () => {
    const [translation] = await translate('a');
    expect(translation!.sentences[0]!.nbest).toHaveLength(1);
  });

  it('of any length and form is translated sentence by sentence', async () => {
    const pieces = fc.constantFrom('a', 'bc', ' ', '. ', ', ', '\n', '\r\n', '!');
    await fc.assert(
      fc.asyncProperty(
        fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join('')),
        async (text) => {
          const [translation] = await translate(text);
          const squeezed = (value: string): string => value.replace(/\s+/gu, ' ').trim();
          expect(squeezed(translation!.text)).toBe(squeezed(text.toUpperCase()));
        },
      ),
    );
  });
});

it('a sentence that cannot be divided keeps its source', async () => {
  const search: SentenceSearch = {
    ...shouting,
    read: (sentence, name) => {
      if (sentence.length > 3) throw new LineTooLong(name, sentence.length, 3);
      return shouting.read(sentence, name);
    },
  };
  const [translation] = await translateTexts(['ab cdefg hi'], search, {
    ...{ split: createSentenceSplitter('en'), nbest: 1, unkIndex: UNKNOWN },
  });
  expect(translation!.text).toBe('AB cdefg HI');
  expect(translation!.sentences[1]!.problem).toBe(
    'the sentence has 5 tokens including </s>, but the model or a batch allows at most 3',
  );
});
