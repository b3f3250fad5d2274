import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { divideHtml } from '../../../src/text/documents/html.js';
import { expectLinearGrowth } from '../../helpers/growth.js';
import { proseOf, rewritten, shouted, signWriters } from './pieces.js';

describe('HTML', () => {
  it.each([
    ['keeps tags and attributes', '<p class="a b">eins</p>\n<hr>', '<p class="a b">EINS</p>\n<hr>'],
    ['reads and writes entities', '<p>&auml; &amp; &lt;b&gt;&nbsp;&copy</p>', '<p>Ä &amp; &lt;B&gt;&nbsp;©</p>'],
    ['joins the lines of a paragraph', '<p>\n  eins\n  zwei\n</p>', '<p>\n  EINS ZWEI\n</p>'],
    ['keeps white space in end tags', '<p>eins <a>zwei</a\n>drei</p >\nvier', '<p>EINS ZWEIDREI</p >\nVIER'],
    [
      'reads marks that are nested very deeply',
      `${'<b>'.repeat(10_000)}a${'</b>'.repeat(10_000)}`,
      `${'<b>'.repeat(10_000)}A${'</b>'.repeat(10_000)}`,
    ],
    ['keeps line breaks', 'eins<br>zwei<br/>', 'EINS<br>ZWEI<br/>'],
    ['drops inline tags', 'ein <b>gro&szlig;es</b> <a href="#">Haus</a>!', 'EIN GROSSES HAUS!'],
    [
      'keeps inline tags around a whole text',
      '<li><a href="#"> <b>eins</b></a> </li>',
      '<li><a href="#"> <b>EINS</b></a> </li>',
    ],
    ['keeps inline tags that end in another block', '<b><p>eins</p>zwei</b>', '<b><p>EINS</p>ZWEI</b>'],
    ['keeps code', 'mit <code>f(<i>x</i>)</code> und', 'MIT <code>f(<i>x</i>)</code> UND'],
    [
      'keeps scripts, styles and preformatted text',
      '<script>a<b</script><style>p{}</style><pre>x <i>y</i></pre>',
      null,
    ],
    ['keeps comments', '<!-- eins --> zwei', '<!-- eins --> ZWEI'],
    [
      'keeps what is not to be translated',
      '<div translate="no">a<p>b</p></div>c <i translate=no>d</i> e',
      '<div translate="no">a<p>b</p></div>C <i translate=no>d</i> E',
    ],
    [
      'translates what is to be translated in it',
      '<ul translate="no"><li>a<li translate=yes>b</ul>',
      '<ul translate="no"><li>a<li translate=yes>B</ul>',
    ],
    [
      'keeps images at the ends of a text',
      '<p><img src="x"> eins <i class="icon"></i></p>',
      '<p><img src="x"> EINS <i class="icon"></i></p>',
    ],
    ['keeps images within a text', 'eins <img src="x"> zwei', 'EINS <img src="x"> ZWEI'],
    ['ends paragraphs that nothing ends', '<p translate=no>eins<p>zwei', '<p translate=no>eins<p>ZWEI'],
    ['keeps end tags that end nothing', 'eins</i></p>zwei', 'EINS</i></p>ZWEI'],
    ['joins words that may be divided', 'Donau<wbr>dampf', 'DONAUDAMPF'],
    ['translates the title', '<title>a &amp; b</title>', '<title>A &amp; B</title>'],
    ['keeps a table', '<table><tr><td>a<td>b</table>', '<table><tr><td>A<td>B</table>'],
    ['keeps an unfinished tag', 'eins <b', 'EINS <b'],
    ['keeps elements that it does not know', '<my-box a=b>eins</my-box>', '<my-box a=b>EINS</my-box>'],
    ['keeps vector graphics', 'a <svg><title>b</title><g/></svg> c', 'A <svg><title>b</title><g/></svg> C'],
  ])('%s', (_, document, expected) => {
    expect(shouted(divideHtml(document))).toBe(expected ?? document);
  });

  it('says where the inline tags are that it drops', () => {
    const [prose] = proseOf(divideHtml('<b>a</b> <i>b <u>c</u></i>'));
    expect(prose!.marks).toEqual([0, 9, 14]);
  });

  it('can be divided at what stands for words', () => {
    const [prose] = proseOf(divideHtml('<p>call <b>now <code>f</code></b> or <kbd>g</kbd>.</p>'));
    expect(prose!.text).toBe('call now {0} or {1}.');
    expect([prose!.isComplete('{1} {0}'), prose!.isComplete('{0}'), prose!.isComplete('{0} {1} {1}')]).toEqual([
      ...[true, false, false],
    ]);
    expect(shouted(prose!.divided())).toBe('CALL <b>NOW <code>f</code></b> OR <kbd>g</kbd>.');
  });

  it.each([' ', '<', '</b>', '<i>a</i> ', '&amp;', '<code>x</code> a ', '{0}<code>x</code> '])(
    'with a long run of %j is divided in a time that grows like its length',
    (run) => {
      expectLinearGrowth(
        (document) => rewritten(divideHtml(document), ({ text }) => `${text} x`),
        (length) => `a${run.repeat(length / run.length)}b`,
      );
    },
  );

  it('has placeholders that are not in the text', () => {
    const [prose] = proseOf(divideHtml('a {0} <code>x</code> {2} <code>y</code>'));
    expect([...prose!.verbatim.keys()]).toEqual(['{1}', '{3}']);
  });
});

const inline = fc.constantFrom('eins', 'zwei', ' ', '\n', '&amp;', '&lt;', 'ä', '.', '$&');
const marks = fc.constantFrom('<b>', '</b>', '<i>', '</i>', '<code>x</code>', '<!-- c -->', '<img alt="a b">', '<br>');
const blocks = fc.constantFrom(
  ...'<p> </p> <ul> <li> </ul> <table> <td> </table> <pre>x</pre> <div> </div>'.split(' '),
);
const documents = (...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.array(fc.oneof(...parts), { maxLength: 30 }).map((tokens) => tokens.join(''));

/** The tags of a document that are not inline marks, in order. */
const structure = (document: string): string[] => document.match(/<(?!\/?[bi]>)[^>]+>/gu) ?? [];

describe('a divided document of HTML', () => {
  it('is the document again if nothing is translated', () => {
    fc.assert(
      fc.property(documents(inline, marks, blocks), (document) => {
        expect(rewritten(divideHtml(document), ({ text }) => text)).toBe(document);
      }),
    );
  });

  it('has the same blocks, and the translations as its texts', () => {
    fc.assert(
      fc.property(documents(inline, marks, blocks), signWriters, (document, translate) => {
        const pieces = divideHtml(document);
        const translation = rewritten(pieces, translate);
        expect(structure(translation)).toEqual(structure(document));
        const texts = proseOf(divideHtml(translation)).map(({ text }) => text);
        expect(texts).toEqual(proseOf(pieces).map(translate));
      }),
    );
  });
});
