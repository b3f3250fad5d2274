import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSentenceSplitter } from '../../src/text/sentences.js';
import { expectLinearGrowth } from '../helpers/growth.js';

const sentencesOf = (text: string, language = 'de'): string[] =>
  createSentenceSplitter(language)(text).flatMap((part) => (part.kind === 'sentence' ? [part.text] : []));

describe('a text is divided into sentences', () => {
  it.each([
    ['at full stops, question and exclamation marks', 'Eins. Zwei? Drei! Vier', ['Eins.', 'Zwei?', 'Drei!', 'Vier']],
    ['at every line end', 'a\nb\r\nc\rd\u2028e', ['a', 'b', 'c', 'd', 'e']],
    ['but not after an abbreviation', 'Das ist Dr. Müller. Er kommt.', ['Das ist Dr. Müller.', 'Er kommt.']],
    ['nor in a number', 'Version 3.14 ist da.', ['Version 3.14 ist da.']],
    ['without lines that have no words', '---\n* * *\nText\n', ['Text']],
    ['of which an empty text has none', '', []],
    ['but not within placeholders and operators', 'Ist {0}?{1} da? Ja: a!==b', ['Ist {0}?{1} da?', 'Ja: a!==b']],
    ['nor in an address', 'Siehe http://a.de/?B=c!D hier. Gut.', ['Siehe http://a.de/?B=c!D hier.', 'Gut.']],
    ['in Chinese without white space', '你好。再见！好', ['你好。', '再见！', '好']],
  ])('%s', (_, text, expected) => {
    expect(sentencesOf(text)).toEqual(expected);
  });

  it('by the abbreviations of its language', () => {
    expect(sentencesOf('See No. 5 there.', 'en')).toEqual(['See No. 5 there.']);
    expect(sentencesOf('He said No. Five came.', 'en')).toEqual(['He said No.', 'Five came.']);
  });

  it.each(['de', 'zh', 'pt_BR', 'tok', 'not a language'])('in any language: %s', (language) => {
    expect(sentencesOf('Hallo Welt. Ja!', language)).toEqual(['Hallo Welt.', 'Ja!']);
  });

  it('so that its parts, joined, are the text, and sentences have no outer white space', () => {
    const split = createSentenceSplitter('de');
    const pieces = fc.constantFrom(
      'Hallo',
      ' ',
      '  ',
      '.',
      '!',
      '\n',
      '\r\n',
      '\t',
      'z. B.',
      '\ufeff',
      'Ü',
      '5',
      '…',
      '"',
      '\u2029',
    );
    fc.assert(
      fc.property(
        fc.array(pieces).map((parts) => parts.join('')),
        (text) => {
          const parts = split(text);
          expect(parts.map((part) => part.text).join('')).toBe(text);
          for (const { kind, text: part } of parts) if (kind === 'sentence') expect(part).toBe(part.trim());
        },
      ),
    );
  });

  it("as Unicode's rules divide it, if it has no abbreviations, but not behind ASCII without white space", () => {
    const segmenter = new Intl.Segmenter('de', { granularity: 'sentence' });
    const pieces = fc.constantFrom(
      ...['Haus', 'rennt', '2024', ' ', '\t', '\u00a0', '\u000b', '\u0085', '\u2029'],
      ...['.', '!', '?', '…', '\u2024', '\ufe52', '。', '؟', '"', ')', '»', ',', ';', '-', '\u0300', '\u200d'],
    );
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
        (text) => {
          const expected: string[] = [];
          for (const { segment } of segmenter.segment(text)) {
            if (/[!-~]$/u.test(expected.at(-1) ?? '')) expected.push(expected.pop()! + segment);
            else expected.push(segment);
          }
          const trimmed = expected.map((sentence) => sentence.trim());
          expect(sentencesOf(text)).toEqual(trimmed.filter((sentence) => /[\p{L}\p{N}]/u.test(sentence)));
        },
      ),
      { numRuns: 2000 },
    );
  });
});

it('a text with a long run of spaces is divided in a time that grows like its length', () => {
  expectLinearGrowth(createSentenceSplitter('en'), (length) => `a${' '.repeat(length)}b`);
});

it('a text with a long word is divided in a time that grows like its length', () => {
  expectLinearGrowth(createSentenceSplitter('en'), (length) => `a! ${'a'.repeat(length)}! b`);
});
