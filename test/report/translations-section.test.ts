import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareAll } from '../../src/report/compare.js';
import type { Inline } from '../../src/report/document.js';
import { loadInput } from '../../src/report/load-input.js';
import { studyOf } from '../../src/report/study.js';
import { markDifferences, translationsSection } from '../../src/report/translations-section.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { writeFakeSweep } from './fake-sweep.js';

/** Text with brackets around what is marked. */
const bracketed = (inlines: readonly Inline[]): string =>
  inlines.map((inline) => (typeof inline === 'string' ? inline : `[${inline.text}]`)).join('');

describe('translationsSection', () => {
  it('scores what was detokenized, as the references were', () => {
    const root = temporaryFolder();
    const write = (name: string, hypothesis: string, detokenized: string): string => {
      mkdirSync(join(root, name));
      const lines = ['S-0\tquelle', 'T-0\tgo home now.', `H-0\t-1\t${hypothesis}`, `D-0\t-1\t${detokenized}`, ''];
      writeFileSync(join(root, name, 'generate-test.txt'), lines.join('\n'));
      return join(root, name);
    };
    // By the tokens, the worse system would win.
    const worse = write('worse', 'go home now.', 'leave at once.');
    const better = write('better', 'go - home - now .', 'go home now.');
    const study = studyOf(loadInput([worse, better]));
    const examples = translationsSection(study, compareAll(study)).filter((block) => block.kind === 'examples');
    expect(examples.map(({ title }) => title)).toEqual(['better is better']);
    expect(examples[0]!.examples[0]!.lines.map(([name]) => name)).toEqual(['source', 'reference', 'better', 'worse']);
  });
});

describe('translationsSection of a sweep', () => {
  const root = temporaryFolder();
  writeFakeSweep(root, {
    criterions: { ce: 0.3, el: 0.2 },
    directions: ['de-en', 'fr-en'],
    compare: [{ axis: 'criterion', values: ['el', 'ce'] }],
  });
  const study = studyOf(loadInput([root]));
  const blocks = translationsSection(study, compareAll(study));

  it('refuses translations that were cut short after they were scored', () => {
    const cut = temporaryFolder();
    writeFakeSweep(cut, { criterions: { ce: 0.3, el: 0.2 }, sentences: 5 });
    const path = join(cut, 'el,seed=1/generate/test,beam=5/generate-test.txt');
    writeFileSync(path, readFileSync(path, 'utf8').split('S-3')[0]!);
    const cutStudy = studyOf(loadInput([cut]));
    expect(() => translationsSection(cutStudy, compareAll(cutStudy))).toThrow(
      `${path} is cut short: it has 3 of 5 translations`,
    );
  });

  it('compares translations of every direction', () => {
    const paragraphs = blocks.filter((block) => block.kind === 'paragraph').map(({ content }) => String(content));
    expect(paragraphs.map((text) => /^el and ce on (\S+) with seed 1:/.exec(text)?.[1])).toEqual(['de-en', 'fr-en']);
  });

  it('shows tokens as text', () => {
    const [examples] = blocks.filter((block) => block.kind === 'examples');
    const lines = new Map(examples!.examples[0]!.lines);
    expect(lines.get('source')).toMatch(/^ein quellsatz nummer \d+\.$/);
    expect(lines.get('reference')).toMatch(/[a-z]\.$/);
  });
});

describe('markDifferences', () => {
  it.each([
    ['a man sits here .', 'a man is here .', 'a man [sits] here .', 'a man [is] here .'],
    ['the same', 'the same', 'the same', 'the same'],
    ['one two', 'one', 'one [two]', 'one'],
    ['', 'new words', '', '[new words]'],
  ])('marks what differs between %j and %j', (a, b, markedA, markedB) => {
    expect(markDifferences(a, b).map(bracketed)).toEqual([markedA, markedB]);
  });

  it('keeps every word of both texts', () => {
    const words = fc
      .array(fc.constantFrom('a', 'b', '.', 'c<d', "it's"), { maxLength: 8 })
      .map((list) => list.join(' '));
    const textOf = (inlines: readonly Inline[]) =>
      inlines.map((inline) => (typeof inline === 'string' ? inline : inline.text)).join('');
    fc.assert(
      fc.property(words, words, (a, b) => {
        const [ofA, ofB] = markDifferences(a, b).map(textOf);
        expect([ofA!.split(/\s+/), ofB!.split(/\s+/)].map((list) => list.filter(Boolean))).toEqual([
          a.split(/\s+/).filter(Boolean),
          b.split(/\s+/).filter(Boolean),
        ]);
      }),
    );
  });
});
