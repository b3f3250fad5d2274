import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { describe, expect, it, vi } from 'vitest';
import { type Block, inlines } from '../../src/report/document.js';
import { loadInput } from '../../src/report/load-input.js';
import { renderHtml } from '../../src/report/render-html.js';
import { renderMarkdown } from '../../src/report/render-markdown.js';
import { buildReport } from '../../src/report/report.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { fakeEpochs, logLines, writeFakeSweep } from './fake-sweep.js';
import { emptyRun, inputOf, scored } from './report-input.js';

const root = temporaryFolder();
const whole = join(root, 'whole');
writeFakeSweep(whole, {
  criterions: { ce: 0.2, el: 0.18 },
  directions: ['de-en', 'fr-en'],
  sentences: 40,
  hasAnalyses: true,
  compare: [{ axis: 'criterion', values: ['el', 'ce'] }],
});
const input = loadInput([whole]);
const report = buildReport(input);

const textOf = (block: Block): string => {
  const { document } = parseHTML(renderHtml({ title: '', blocks: [block] }));
  return document.querySelector('main')!.textContent!.replace(/\s+/g, ' ').trim();
};

const headings = (blocks: readonly Block[]): string[] =>
  blocks.flatMap((block) => (block.kind === 'heading' && block.level === 2 ? [block.text] : []));

const captions = (blocks: readonly Block[]): string[] =>
  blocks.flatMap((block) =>
    block.kind === 'table' ? [block.table.caption] : block.kind === 'figure' ? [block.figure.caption] : [],
  );

/** The rows of the table whose caption contains this. */
function rowsOf(blocks: readonly Block[], caption: string): string[][] {
  const block = blocks.find((one) => one.kind === 'table' && one.table.caption.includes(caption));
  if (block?.kind !== 'table') throw new Error(`no table ${caption}`);
  return block.table.rows.map((row) =>
    row.map((cell) =>
      inlines(cell)
        .map((inline) => (typeof inline === 'string' ? inline : inline.text))
        .join(''),
    ),
  );
}

describe('buildReport', () => {
  it('begins with the sentence and the table, and then has the sections in their order', () => {
    expect(report.blocks.slice(0, 2).map(({ kind }) => kind)).toEqual(['paragraph', 'table']);
    expect(headings(report.blocks)).toEqual([
      'Results',
      'Comparisons',
      'Learning curves',
      'Analyses',
      'Translations that differ most',
      'Configuration',
      'Appendix: paired bootstrap per seed',
    ]);
  });

  it('has the figures of every direction', () => {
    const figures = report.blocks.flatMap((block) => (block.kind === 'figure' ? [block.figure] : []));
    const names = ['seeds', 'curves', 'gradient-share', 'margins', 'reliability'];
    expect(figures.map(({ id }) => id).sort()).toEqual(
      [...names.flatMap((name) => [`${name}-de-en`, `${name}-fr-en`]), 'differences'].sort(),
    );
    const curves = figures.find(({ id }) => id === 'curves-de-en')!;
    expect(curves.panels.map(({ title }) => title)).toEqual([
      'Validation loss',
      'Validation nll',
      'Validation BLEU',
      'Gradient norm',
      'Speed',
    ]);
  });

  it('gives gradient norms relative to cross entropy, of training and of shared checkpoints', () => {
    const rows = rowsOf(report.blocks, 'de-en: gradient norm of training');
    const [ce, el] = rows.map((row) => Number(row[1]!.split(' ')[0]));
    expect(rows[0]![2]).toBe('1.00 ×');
    expect(Number(rows[1]![2]!.split(' ')[0])).toBeCloseTo(el! / ce!, 2);
    // Label CE is the first of fakeAnalysis for system 0: 1 + 0.01 · seed.
    expect(rowsOf(report.blocks, 'de-en: gradient norm by criterion')[0]!.slice(0, 2)).toEqual(['CE', '1.02 ± 0.01']);
  });

  it('gives the gradient norm of a smoothed loss relative to cross entropy with the same smoothing', () => {
    const input = loadInput([whole]);
    const options = [
      { criterion: 'label_smoothed_cross_entropy', 'label-smoothing': 0.1 },
      { criterion: 'encouraging', 'label-smoothing': 0.1 },
    ];
    const with_ = (second: object) =>
      input.runs.map((run) => ({
        ...run,
        options: { ...run.options!, train: run.values.criterion === 'ce' ? options[0]! : second },
      }));
    const cells = (second: object): string[] =>
      rowsOf(
        buildReport({ ...input, runs: with_(second) as typeof input.runs }).blocks,
        'de-en: gradient norm of training',
      ).map((row) => row[2]!);
    expect(cells(options[1]!)[0]).toBe('1.00 ×');
    expect(cells(options[1]!)[1]).toMatch(/×$/);
    expect(cells({ criterion: 'encouraging' })[1]).toBe('–');
  });

  it('takes gradient norms of training from runs that have ended', () => {
    const folder = join(root, 'norms');
    const criterions = { ce: 0.2, el: 0.18 };
    writeFakeSweep(folder, { criterions, sentences: 5, epochs: 20, unfinished: { 'ce,seed=2': { state: 'running' } } });
    const norm = rowsOf(buildReport(loadInput([folder])).blocks, 'radient norm of training')[0]![1]!;
    expect(norm).not.toContain('±');
    const norms = loadInput([folder]).runs[0]!.training!.epochs.map(({ train }) => train!.gnorm!);
    expect(Number(norm)).toBeCloseTo(norms.slice(10).reduce((sum, value) => sum + value, 0) / 10, 3);
  });

  it('names options that all runs share once, and what the values of the grid add', () => {
    const shared = rowsOf(report.blocks, 'Options that all runs share');
    expect(shared.find(([step]) => step === 'train')![1]).toBe(
      '--arch transformer, --share-all-embeddings, --dropout 0.3, --lr 0.005, --max-epoch 12',
    );
    expect(rowsOf(report.blocks, 'What the values of the grid add')).toEqual([
      ['direction', 'de-en', 'data data-bin/multi30k.de-en'],
      ['direction', 'fr-en', 'data data-bin/multi30k.fr-en'],
      ['criterion', 'ce', '--criterion cross_entropy'],
      ['criterion', 'el', '--criterion encouraging'],
      ['seed', '1, 2', '--seed'],
    ]);
  });

  it('has the BLEU of the probes beside their accuracy', () => {
    const tables = report.blocks.flatMap((block) => (block.kind === 'table' ? [block.table] : []));
    const table = tables.find(({ caption }) => caption.startsWith('Representations'))!;
    expect(table.columns.map(({ title }) => title)).toEqual(['criterion', 'accuracy', 'nll, nats', 'BLEU']);
    expect(table.rows[0]![3]).toMatch(/^\d+\.\d\d ± \d+\.\d\d$/);
  });

  it('shows translations that differ, ordered by how much they differ', () => {
    const blocks = report.blocks.filter((block) => block.kind === 'examples');
    expect(blocks.map(({ title }) => title)).toEqual([
      'de-en: el is better',
      'de-en: ce is better',
      'fr-en: el is better',
      'fr-en: ce is better',
    ]);
    const differences = blocks.map(({ examples }) =>
      examples.map(({ title }) => Number(title.split(' ').at(-1)!.replace('−', '-'))),
    );
    expect(differences[0]!.length).toBe(10);
    expect(differences[0]).toEqual([...differences[0]!].sort((a, b) => b - a));
    expect(differences[1]).toEqual([...differences[1]!].sort((a, b) => a - b));
    expect(differences[1]![0]).toBeLessThan(0);
  });

  it.each([
    [2, '2^(1 − 2) = 0.5: it cannot reach 0.05'],
    [5, '2^(1 − 5) = 0.0625: it cannot reach 0.05'],
    [6, '2^(1 − 6) = 0.03125: it can reach 0.05'],
  ])('says what a sign test over %i seeds can reach', (seeds, text) => {
    const bleu = { ce: Array.from({ length: seeds }, () => 1), el: Array.from({ length: seeds }, () => 2) };
    const blocks = buildReport(inputOf({ bleu })).blocks;
    expect(blocks.map(textOf).join('\n')).toContain(text);
  });

  it('reports a sweep that is not finished, and says what is missing', () => {
    const folder = join(root, 'unfinished');
    writeFakeSweep(folder, {
      criterions: { ce: 0.2, el: 0.18 },
      sentences: 10,
      compare: [{ axis: 'criterion', values: ['el', 'ce'] }],
      unfinished: {
        'el,seed=1': { state: 'failed', error: 'train: the disk is full' },
        'el,seed=2': { state: 'running' },
      },
    });
    const { blocks } = buildReport(loadInput([folder]));
    const text = blocks.map(textOf).join('\n');
    expect(text).toContain('the runs for the comparisons are missing');
    expect(text).toContain('not finished: 2 of 4 runs are done; 1 of 1 comparison cannot be made yet.');
    expect(text).toContain('el,seed=1 failed: train: the disk is full');
    expect(text).toContain('1 run has not finished: el,seed=2.');
    expect(captions(blocks).join('\n')).toContain('Learning curves');
  });

  it("reports fairseq's log as far as it goes", () => {
    const path = join(root, 'fairseq.log');
    writeFileSync(path, logLines(fakeEpochs({ place: 0, system: 0, seed: 1 }, {})).join('\n'));
    const { blocks, title } = buildReport(loadInput([path]));
    expect(title).toBe('fairseq.log');
    expect(headings(blocks)).toEqual(['Learning curves', 'Analyses', 'What is missing']);
    expect(blocks.map(textOf).join('\n')).toContain('no run has scored translations yet');
  });

  it('leaves translations out whose texts are gone', () => {
    const folder = join(root, 'gone');
    writeFakeSweep(folder, { criterions: { ce: 0.2, el: 0.18 }, sentences: 10 });
    for (const { name } of loadInput([folder]).runs) rmSync(join(folder, name, 'generate'), { recursive: true });
    const { blocks } = buildReport(loadInput([folder]));
    expect(headings(blocks)).not.toContain('Translations that differ most');
    expect(blocks.map(textOf).join('\n')).toContain('The texts of the translations are not there');
  });

  it('names the commits if there are several', () => {
    const run = (seed: string, commit: string) => ({
      ...emptyRun({ seed }),
      provenance: { version: '0.1.0', commit, node: 'v20', processor: 'x' },
      translations: new Map([['test', scored(1)]]),
    });
    const axes = [{ name: 'seed', values: ['a', 'b'] }];
    const description = { title: 't', axes, compare: [], tune: null, published: [] };
    const { blocks } = buildReport({ description, runs: [run('a', '1234'), run('b', '5678-dirty')] });
    expect(blocks.map(textOf).join('\n')).toContain('The runs are of 2 commits: 1234 and 5678-dirty.');
  });
});

describe('the two forms of a report', () => {
  it('are the same bytes for the same input, also on another day', () => {
    vi.setSystemTime(new Date('2001-02-03'));
    const again = buildReport(loadInput([whole]));
    vi.useRealTimers();
    expect(renderHtml(again)).toBe(renderHtml(report));
    expect(renderMarkdown(again, 'figures')).toEqual(renderMarkdown(report, 'figures'));
  });

  it('escape names and texts', () => {
    const hostile = '<script>alert(1)</script>"\' onload=x & | `';
    const { description, runs } = inputOf({ bleu: { ce: [1, 2], [hostile.replaceAll(',', '')]: [2, 3] } });
    const blocks = buildReport({
      description: { ...description, title: hostile },
      runs: runs.map((run) => ({ ...run, error: hostile, state: 'failed' as const })),
    });
    const html = renderHtml(blocks);
    expect(html).not.toContain('<script');
    const { document } = parseHTML(html);
    expect(document.querySelectorAll('[onload]')).toHaveLength(0);
    expect(document.querySelector('h1')!.textContent).toBe(hostile);
    const markdown = renderMarkdown(blocks, 'figures');
    expect(markdown.text).not.toMatch(/(?<!\\)<script/);
    for (const { svg } of markdown.figures) expect(svg).not.toContain('<script');
  });

  it('need no script, no other file and no network', () => {
    const html = renderHtml(report);
    expect(html).not.toMatch(/<(script|link|img|iframe|object)\b|@import|url\((?!#)|\bsrc=|https?:/);
  });

  it('link to every figure in Markdown, and have each figure as a file', () => {
    const { text, figures } = renderMarkdown(report, 'results');
    const links = [...text.matchAll(/!\[.*?\]\((.*?)\)/g)].map(([, link]) => link);
    expect(links).toEqual(figures.map(({ name }) => `results/${name}`));
    expect(new Set(links).size).toBe(links.length);
    for (const { svg } of figures) expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" /);
  });

  it('have tables in Markdown with as many cells in each row', () => {
    const { text } = renderMarkdown(report, 'results');
    const tables = text
      .trim()
      .split('\n\n')
      .filter((part) => part.startsWith('|'));
    expect(tables.length).toBeGreaterThan(10);
    for (const table of tables) {
      const widths = table.split('\n').map((line) => line.replaceAll('\\|', '').split('|').length);
      expect(new Set(widths).size).toBe(1);
    }
  });
});
