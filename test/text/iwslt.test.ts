import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/errors.js';
import { findSegmentStart, type IwsltOptions, iwsltSentences } from '../../src/text/iwslt.js';
import { expectLinearGrowth, longRuns } from '../helpers/growth.js';

const extract = (text: string, options?: IwsltOptions): string[] => [
  ...iwsltSentences(text.split('\n'), 'file', options),
];

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<mteval>\n<srcset setid="x" srclang="german">\n<doc docid="1">\n';

describe('mteval XML', () => {
  test.each([
    ['white space around a segment is removed', '<seg id="1"> Ja.\u00a0 </seg>', ['Ja.']],
    ['an empty segment is an empty line', '<seg id="1"></seg>\n<seg id="2"> b </seg>', ['', 'b']],
    ['several segments may share a line', '<seg id="1">a</seg><seg id="2">b</seg>', ['a', 'b']],
    ['a segment over several lines is one', '<seg id="1"> a\nb\n</seg>\n<seg id="2">c</seg>', ['a b', 'c']],
    ['text outside segments is dropped', '<title>T</title>\n<seg id="1">a</seg>\n</doc>', ['a']],
    ['U+2028 does not end a line', '<seg id="1">a\u2028b</seg>', ['a\u2028b']],
    ['entities and ’ stay', '<seg id="1">A&amp;B’s</seg>', ['A&amp;B’s']],
  ])('%s', (_, body, expected) => {
    expect(extract(HEAD + body)).toEqual(expected);
  });

  test('entities and apostrophes change if requested', () => {
    const text = `${HEAD}<seg id="1">A&amp;lt;B’s &gt; C</seg>`;
    expect(extract(text, { decodeEntities: true, straightApostrophes: true })).toEqual(["A&lt;B's > C"]);
  });
});

describe('train.tags', () => {
  test('lines, titles and descriptions stay, lines that one side may lack are dropped', () => {
    const text = [
      '<url>http://x</url>',
      '<keywords>talks</keywords>',
      '<speaker>S</speaker>',
      '<talkid>1</talkid>',
      '<title>Der Titel</title>',
      '<description>Worum es geht.</description>',
      '<reviewer href="http://y">R</reviewer>',
      ' Erster Satz. ',
      '',
      'a < b',
      '<translator>T</translator>',
    ].join('\n');
    expect(extract(text)).toEqual(['Der Titel', 'Worum es geht.', 'Erster Satz.', '', 'a < b']);
  });
});

describe('an incomplete file is refused', () => {
  test.each([
    ['plain text', 'ein Satz', 'file is neither mteval XML'],
    ['an empty file', '', 'file is neither mteval XML'],
    ['XML without segments', HEAD, 'file has no segment'],
    ['a segment without end', `${HEAD}<seg id="1"> a`, 'file line 5: the segment is not closed'],
    [
      'a segment in a segment',
      `${HEAD}<seg id="1"> a\n<seg id="2"> b </seg>`,
      'file line 5: the segment is not closed',
    ],
  ])('%s', (_, text, message) => {
    const extraction = (): string[] => extract(text);
    expect(extraction).toThrow(UserError);
    expect(extraction).toThrow(message);
  });
});

describe('of long lines', () => {
  const pattern = /<seg(?:\s[^>]*)?>/;
  const text = fc
    .array(fc.constantFrom('<seg', '>', ' ', 'a', '<', '</seg>', '\u00a0'), { maxLength: 12 })
    .map((list) => list.join(''));

  test('the start of a segment is where a regular expression finds it', () => {
    fc.assert(
      fc.property(text, (line) => {
        const match = pattern.exec(line);
        const expected = match === null ? null : { start: match.index, end: match.index + match[0].length };
        expect(findSegmentStart(line)).toEqual(expected);
      }),
    );
  });

  test('time is linear in the length of a run of any text', () => {
    const work = (line: string) => {
      try {
        extract(`<mteval>\n<seg>${line}</seg>\n${line}`);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
      }
    };
    for (const { text } of longRuns()) expectLinearGrowth(work, text);
  });
});
