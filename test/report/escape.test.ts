import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { escapeHtml, escapeMarkdown, markdownCode } from '../../src/report/escape.js';

describe('escaping', () => {
  it('gives HTML that reads back as the text, as an element and as an attribute', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...`<>&"'a =/\``) }), (text) => {
        const { document } = parseHTML(
          `<html><body><p title="${escapeHtml(text)}">${escapeHtml(text)}</p></body></html>`,
        );
        expect(document.querySelector('p')!.textContent).toBe(text);
        expect(document.querySelector('p')!.getAttribute('title')).toBe(text);
      }),
    );
  });

  it('replaces characters that HTML and SVG do not allow', () => {
    expect(escapeHtml('a\u0000b\u001bc')).toBe('a\ufffdb\ufffdc');
  });

  it.each([
    ['el_ls *a* [x](y) <b> | `c`', 'el\\_ls \\*a\\* \\[x\\](y) \\<b\\> \\| \\`c\\`'],
    ['two\nlines', 'two lines'],
    ['- item', '\\- item'],
    ['1. item', '\\1. item'],
    ['a - b', 'a - b'],
  ])('writes %j in Markdown', (text, expected) => {
    expect(escapeMarkdown(text)).toBe(expected);
  });

  it.each([
    ['--lr 1', '`--lr 1`'],
    ['a`b', '`` a`b ``'],
    ['a|b', '`a\\|b`'],
  ])('writes %j as code in Markdown', (text, expected) => {
    expect(markdownCode(text)).toBe(expected);
  });
});
