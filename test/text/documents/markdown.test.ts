import * as fc from 'fast-check';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';
import { describe, expect, it } from 'vitest';
import { divideMarkdown } from '../../../src/text/documents/markdown.js';
import { expectLinearGrowth } from '../../helpers/growth.js';
import { proseOf, rewritten, shouted, signWriters } from './pieces.js';

describe('Markdown', () => {
  it.each([
    ['keeps headings', '# eins\n\nzwei\n===\n\n## drei ##\n', '# EINS\n\nZWEI\n===\n\n## DREI ##\n'],
    ['keeps lists', '- eins\n  1. zwei\n- [x] drei\n', '- EINS\n  1. ZWEI\n- [x] DREI\n'],
    ['joins the lines of a paragraph', 'eins\nzwei\n\ndrei\r\nvier', 'EINS ZWEI\n\nDREI VIER'],
    ['keeps quotations', '> eins\n> zwei\n>\n> > drei', '> EINS ZWEI\n>\n> > DREI'],
    [
      'keeps the marks of alerts',
      '> [!NOTE]\n> eins *zwei*\n\n> [!warning]  \n> drei',
      '> [!NOTE]\n> EINS ZWEI\n\n> [!warning]  \n> DREI',
    ],
    ['keeps the mark of an alert alone', '> [!TIP]\n>\n> eins', '> [!TIP]\n>\n> EINS'],
    ['translates what looks like an alert elsewhere', '\\[!NOTE] eins', '\\[!NOTE\\] EINS'],
    ['keeps tables', '| a | b \\| c |\n|:--|--:|\n| d | `e` |', '| A | B \\| C |\n|:--|--:|\n| D | `e` |'],
    ['keeps blocks of code', 'a\n\n    b\n\n```js\nc\n```\n', 'A\n\n    b\n\n```js\nc\n```\n'],
    ['keeps front matter', '---\ntitle: a\n---\n\nb\n', '---\ntitle: a\n---\n\nB\n'],
    ['keeps definitions', '[a]: http://b.c "d"\n', '[a]: http://b.c "d"\n'],
    ['keeps footnotes', 'a[^1]\n\n[^1]: b\n', 'A[^1]\n\n[^1]: B\n'],
    ['keeps line breaks', 'a  \nb\\\nc', 'A  \nB\\\nC'],
    ['drops inline marks', 'a *b* __c__ [d](e "f") ~~g~~ <i>h</i>', 'A B C D G H'],
    ['keeps inline marks around a whole text', '- **a**\n- [*b*](c)', '- **A**\n- [*B*](c)'],
    ['keeps inline code', 'a `b` c ``d`e`` f', 'A `b` C ``d`e`` F'],
    ['keeps images', '![a](b) c ![d][e] f\n\n[e]: g', '![a](b) C ![d][e] F\n\n[e]: g'],
    ['keeps the badges before a text', '[![a](b)](c)\n[![d](e)](f)\ng', '[![a](b)](c)\n[![d](e)](f)\nG'],
    ['keeps addresses', 'a http://b.c d <http://e.f> g h@i.de j', 'A http://b.c D <http://e.f> G h@i.de J'],
    [
      'keeps what is not to be translated',
      'a <span translate="no">*b*</span> <kbd>c</kbd> d',
      'A <span translate="no">*b*</span> <kbd>c</kbd> D',
    ],
    ['keeps addresses with signs of patterns', 'a http://a-b.c/d?e=(f)+g$ h', 'A http://a-b.c/d?e=(f)+g$ H'],
    ['keeps line breaks of HTML', 'a<br>b', 'A<br>B'],
    ['divides blocks of HTML', '<p align="center">a <b>b</b></p>\n\n*c*', '<p align="center">A B</p>\n\n*C*'],
    [
      'divides blocks of HTML in lists',
      '- <p>\n  a\n  b</p>\n  <i>c</i>\n\n  d',
      '- <p>\n  A B</p>\n  <i>C</i>\n\n  D',
    ],
    ['divides blocks of HTML in quotations', '> <p>\n> a <b>b</b>\r\n>c</p>', '> <p>\n> A B C</p>'],
    ['divides nested blocks of HTML', '1. > <div>\n   > a</div>\n\n2. b', '1. > <div>\n   > A</div>\n\n2. B'],
    [
      'keeps what is not to be translated, over several blocks',
      '<div translate="no">\n\na *b*\n\n<div>\n\n- c\n\n</div>\n\nd\n\n</div>\n\ne',
      '<div translate="no">\n\na *b*\n\n<div>\n\n- c\n\n</div>\n\nd\n\n</div>\n\nE',
    ],
    [
      'keeps drawings with empty lines',
      '<svg>\n<text>a</text>\n\n<g>b</g>\n</svg>\n\nc',
      '<svg>\n<text>a</text>\n\n<g>b</g>\n</svg>\n\nC',
    ],
    [
      'translates in other elements over several blocks',
      '<div>\n\na\n\n<p>b\n\n</div>\n\nc',
      '<div>\n\nA\n\n<p>B\n\n</div>\n\nC',
    ],
    ['keeps comments', '<!-- a -->\n\nb <!-- c -->', '<!-- a -->\n\nB <!-- c -->'],
    ['reads entities and escapes', '&auml; \\* &lt;', 'Ä \\* <'],
    ['keeps a byte order mark', '\ufeff# a', '\ufeff# A'],
    ['keeps thematic breaks', 'a\n\n***\n\n- - -\n', 'A\n\n***\n\n- - -\n'],
  ])('%s', (_, document, expected) => {
    expect(shouted(divideMarkdown(document))).toBe(expected);
  });

  it.each([
    ['1. a', '1\\. a'],
    ['# a', '\\# a'],
    ['a *b* [c] `d` <e>', 'a \\*b\\* \\[c\\] \\`d\\` \\<e>'],
    ['snake_case & c', 'snake_case & c'],
  ])('writes the text %s so that it is a text', (text, written) => {
    expect(rewritten(divideMarkdown('x'), () => text)).toBe(written);
  });

  it.each([' ', 'a\n', 'a\\\n', '&amp;'])(
    'with a long run of %j is divided in a time that grows like its length',
    (run) => {
      expectLinearGrowth(
        (document) => rewritten(divideMarkdown(document), ({ text }) => `${text} x`),
        (length) => `a${run.repeat(length / run.length)}b`,
      );
    },
  );

  it('refuses a block with more marks than its parser can read in time', () => {
    expect(() => divideMarkdown(`a\n\nb\n${']('.repeat(10_001)}`)).toThrow(
      'line 3: a block of the Markdown has more than 10000 brackets, asterisks and other marks; divide it by empty lines',
    );
    const code = `\`\`\`\n${'['.repeat(10_001)}\n\`\`\`\n`;
    expect(shouted(divideMarkdown(code))).toBe(code);
    const blocks = '[ '.repeat(6_000);
    expect(() => divideMarkdown(`${blocks}\n\n${blocks}`)).not.toThrow();
  });

  it.each(['- ', '> ', '1. ', '> - '])('refuses a line with very many containers: %j', (container) => {
    expect(() => divideMarkdown(`a\n\n${container.repeat(101)}b`)).toThrow(
      'line 3: more than 100 quotations and lists',
    );
    expect(divideMarkdown(`${container.repeat(container.length === 4 ? 50 : 100)}b`).length).toBeGreaterThan(0);
  });

  it('says where the inline marks are that it drops', () => {
    const [prose] = proseOf(divideMarkdown('\ufeff*a* **b *c***'));
    expect(prose!.marks).toEqual([1, 5, 9]);
    const [inHtml] = proseOf(divideMarkdown('\n<p>\na <b>b</b></p>'));
    expect(inHtml!.marks).toEqual([7]);
  });

  it('can be divided at what stands for words', () => {
    const [, quoted] = proseOf(divideMarkdown('a\n\n> b `c` **d** see\n> http://e.f g'));
    expect(quoted!.text).toBe('b {0} d see http://e.f g');
    expect([quoted!.isComplete('{0}'), quoted!.isComplete('http://e.f {0}')]).toEqual([false, true]);
    expect(shouted(quoted!.divided())).toBe('B `c` D SEE\n> http://e.f G');
  });
});

const inline = fc.constantFrom('eins', 'zwei', ' ', '&amp;', '\\*', 'ä', '.', '1. ', '- ', '# ', '\t', '  ');
const marks = fc.constantFrom(
  '*',
  '**',
  '_',
  '`',
  '`x`',
  '[a](b)',
  '![a](b)',
  '<b>',
  '</b>',
  '~~',
  'http://a.b',
  '[^1]',
);
/** Marks between spaces. Within words, a translation can decide whether an asterisk is a mark. */
const marked = fc.constantFrom(
  ...[' *eins* ', ' **zwei `x`** ', ' [drei](b "c") ', ' <b>vier</b> ', ' **fünf  \nsechs** ', ' ~~sieben~~ ', ' `x` '],
  ...[' ![a](b) ', ' http://a.b ', ' <!-- c --> ', ' <br> ', ' [^1] ', ' <kbd>x</kbd> ', ' [![a](b)](c) '],
);
const blocks = fc.constantFrom(
  ...[
    '\n',
    '\n\n',
    '\r\n',
    '> ',
    '\n- ',
    '\n\n# ',
    '\n```\n',
    '\n---\n',
    '\n\n| a | b |\n|--|--|\n| c | ',
    '<div>',
    '\n- <p>',
    '\n> <p>\n> ',
    '\n  ',
  ],
  ...['\n\n[^1]: ', '\n\n[a]: b\n', '  \n', '\\\n'],
  ...['\n\n<div translate="no">\n\n', '\n\n</div>\n\n'],
);
const documents = (...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.array(fc.oneof(...parts), { maxLength: 30 }).map((tokens) => tokens.join(''));

interface Node {
  readonly type: string;
  readonly children?: readonly Node[];
}

const INLINE = ['text', 'html', 'emphasis', 'strong', 'delete', 'link', 'linkReference'];

/** The blocks of a document and what is copied in them, nested as they are. */
function structure(document: string): unknown {
  const nested = ({ type, children }: Node): unknown[] =>
    INLINE.includes(type) ? (children ?? []).flatMap(nested) : [[type, ...(children ?? []).flatMap(nested)]];
  return nested(
    fromMarkdown(document, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }) as unknown as Node,
  );
}

describe('a divided document of Markdown', () => {
  it('is the document again if nothing is translated', () => {
    fc.assert(
      fc.property(documents(inline, marks, blocks), (document) => {
        expect(rewritten(divideMarkdown(document), ({ text }) => text)).toBe(document);
      }),
    );
  });

  it('has the same blocks, and the translations as its texts', () => {
    fc.assert(
      fc.property(documents(inline, blocks, marked), signWriters, (document, translate) => {
        const pieces = divideMarkdown(document);
        const translation = rewritten(pieces, translate);
        expect(structure(translation)).toEqual(structure(document));
        const texts = proseOf(divideMarkdown(translation)).map(({ text }) => text);
        expect(texts).toEqual(proseOf(pieces).map(translate));
      }),
    );
  });
});
