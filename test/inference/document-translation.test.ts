import { describe, expect, it } from 'vitest';
import { translateDocuments } from '../../src/inference/document-translation.js';
import { type DocumentFormat, loadDivider } from '../../src/text/documents/document.js';
import { PhraseSearch, SETTINGS } from './phrase-search.js';

async function translate(format: DocumentFormat, document: string, phrases: readonly string[] = []) {
  const settings = { ...SETTINGS, divide: await loadDivider(format) };
  const [translation] = await translateDocuments([document], new PhraseSearch(), settings, [phrases]);
  return translation!;
}

describe('a document', () => {
  it.each([
    ['markdown', '# eins zwei\n\n- drei. Vier\n', '# EINS ZWEI\n\n- DREI. VIER\n'],
    ['html', '<h1>eins zwei</h1><ul><li>drei. Vier</ul>\n', '<h1>EINS ZWEI</h1><ul><li>DREI. VIER</ul>\n'],
    ['html', '<hr>', '<hr>'],
    ['markdown', '', ''],
  ] as const)('of %s is translated by blocks: %j', async (format, document, expected) => {
    const translation = await translate(format, document);
    expect(translation.text).toBe(expected);
    expect(translation).not.toHaveProperty('droppedMarks');
  });

  it('counts the inline marks that its translation lacks, and says in which line the first is', async () => {
    const translation = await translate('markdown', '*eins*\n\n**EINS** ZWEI\n\nein *zwei*\nund [drei](#) `x`\n');
    expect(translation.text).toBe('*EINS*\n\n**EINS** ZWEI\n\nEIN ZWEI UND DREI `x`\n');
    expect(translation.droppedMarks).toEqual({ count: 2, line: 5 });
  });

  it('describes its sentences with their lines and their code', async () => {
    const { sentences } = await translate('html', '<p>eins</p>\r\n<p>zwei\n<code>x</code> drei. Vier</p>');
    expect(sentences.map(({ line, source, text }) => [line, source, text])).toEqual([
      [1, 'eins', 'EINS'],
      [2, 'zwei <code>x</code> drei.', 'ZWEI DREI. <code>x</code>'],
      [2, 'Vier', 'VIER'],
    ]);
  });

  it('is divided at code that the model loses for good', async () => {
    const search = new PhraseSearch();
    search.encodePhrase = () => null;
    const settings = { ...SETTINGS, divide: await loadDivider('markdown') };
    const [translation] = await translateDocuments(['nimm *das* `x` oder `y`.'], search, settings);
    expect(translation!.text).toBe('NIMM DAS `x` ODER `y`.');
    expect(translation!.sentences.map(({ placeholders }) => placeholders)).toEqual(['none', 'none']);
    expect(translation!.droppedMarks).toEqual({ count: 1, line: 1 });
  });

  it('contains a phrase once', async () => {
    const { text } = await translate('html', '<p>eins</p><p>zwei drei</p>', ['zwei x', 'EINS']);
    expect(text).toBe('<p>EINS</p><p>ZWEI DREI zwei x</p>');
  });
});
