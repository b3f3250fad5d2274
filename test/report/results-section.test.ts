import { describe, expect, it } from 'vitest';
import type { PublishedScore } from '../../src/experiments/sweep-plan.js';
import { type Block, inlines, type Table } from '../../src/report/document.js';
import type { ReportInput, ScoredTranslation } from '../../src/report/report-run.js';
import { groupTables, mainTable, progressNote, publishedTables, seedsOf } from '../../src/report/results-section.js';
import { studyOf } from '../../src/report/study.js';
import { inputOf, scored } from './report-input.js';

const tablesOf = (blocks: readonly Block[]): Table[] =>
  blocks.flatMap((block) => (block.kind === 'table' ? [block.table] : []));

/** The texts of a table, the titles first. */
const textsOf = ({ columns, rows }: Table): string[][] => [
  columns.map(({ title }) => title),
  ...rows.map((row) =>
    row.map((cell) =>
      inlines(cell)
        .map((inline) => (typeof inline === 'string' ? inline : inline.text))
        .join(''),
    ),
  ),
];

/** The same runs with these translations. */
const translated = (
  input: ReportInput,
  translate: (criterion: string, seed: number) => Record<string, ScoredTranslation>,
  tune: ReportInput['description']['tune'] = null,
): ReportInput => ({
  description: { ...input.description, tune },
  runs: input.runs.map((run) => ({
    ...run,
    translations: new Map(
      Object.entries(translate(run.values.criterion!, Number(run.values.seed!.replace('seed=', '')))),
    ),
  })),
});

describe('the tables of results', () => {
  it('have every measure with mean and deviation', () => {
    const input = translated(inputOf({ bleu: { ce: [0, 0], el: [0, 0] } }), (criterion, seed) => {
      const base = criterion === 'el' ? 36 : 35;
      const detokenized = { sacrebleu: base - 1, signature: 'tok:13a', chrf: base + 20 };
      return {
        'test,beam=5': scored(base + seed, { detokenized, brevityPenalty: 0.5, lengthRatio: 0.95 + 0.01 * seed }),
        'test,beam=1': scored(base - seed),
      };
    });
    const [table] = tablesOf(mainTable(studyOf(input)));
    expect(textsOf(table!)).toEqual([
      [
        'criterion',
        'BLEU, beam 5',
        'BLEU, beam 1',
        'sacreBLEU',
        'chrF',
        'BLEU without brevity penalty',
        'brevity penalty',
        'length ratio',
        'runs',
      ],
      [
        'ce',
        '36.50 ± 0.71',
        '33.50 ± 0.71',
        '34.00 ± 0.00',
        '55.00 ± 0.00',
        '73.00 ± 1.41',
        '0.500 ± 0.000',
        '0.965 ± 0.007',
        '2',
      ],
      [
        'el',
        '37.50 ± 0.71',
        '34.50 ± 0.71',
        '35.00 ± 0.00',
        '56.00 ± 0.00',
        '75.00 ± 1.41',
        '0.500 ± 0.000',
        '0.965 ± 0.007',
        '2',
      ],
    ]);
    expect(table!.notes).toContain('sacreBLEU of detokenized text: tok:13a.');
  });

  it('have what others published beside them, as far as it names the systems', () => {
    const input = inputOf({ bleu: { 'de-en,ce': [1], 'de-en,el': [2], 'fr-en,ce': [3], 'fr-en,el': [4] } });
    const scores: PublishedScore[] = [
      { values: { direction: 'fr-en', criterion: 'el' }, text: '37.73 ± 0.17' },
      { values: { direction: 'de-en' }, text: '35' },
    ];
    const published = [{ source: 'a paper', scores }];
    const tables = tablesOf(publishedTables(studyOf({ ...input, description: { ...input.description, published } })));
    expect(tables.map(({ caption }) => caption)).toEqual(['Published: a paper']);
    expect(textsOf(tables[0]!)).toEqual([
      ['criterion', 'de-en', 'fr-en'],
      ['ce', '35', '–'],
      ['el', '35', '37.73 ± 0.17'],
    ]);
  });

  it('choose the tuned value of each system on validation data, not on test data', () => {
    const valid = (bleu: number) => scored(bleu, { split: 'valid' });
    const input = translated(
      inputOf({ bleu: { ce: [0, 0], el: [0, 0] } }),
      (criterion, seed) => ({
        test: scored(35),
        // Seed 2 alone prefers the other value; the mean counts.
        'v,lenpen=0.6': valid(criterion === 'ce' ? 40 : 30 + seed),
        'v,lenpen=1': valid(criterion === 'ce' ? 42 - 3 * (seed - 1) : 33),
        't,lenpen=0.6': scored(22),
        't,lenpen=1': scored(21),
      }),
      { validation: 'v', test: 't' },
    );
    const [titles, ...rows] = textsOf(tablesOf(mainTable(studyOf(input)))[0]!);
    const column = titles!.indexOf('BLEU, tuned');
    expect(rows.map((row) => row[column])).toEqual(['21.00 ± 0.00 (lenpen 1)', '21.00 ± 0.00 (lenpen 1)']);
  });

  it.each([
    [
      'the last',
      [1, 2, 3],
      'For every system that is the first or the last value: a wider range may have a better one.',
    ],
    [
      'the first',
      [3, 2, 1],
      'For every system that is the first or the last value: a wider range may have a better one.',
    ],
    ['a value within the range', [1, 3, 2], undefined],
    ['one of two', [1, 2], undefined],
  ])('say that the tuned value is at an end of the range: %s', (_, bleus, note) => {
    const values = bleus.flatMap((bleu, index) => [
      [`v,lenpen=${index}`, scored(bleu, { split: 'valid' })] as const,
      [`t,lenpen=${index}`, scored(20)] as const,
    ]);
    const input = translated(
      inputOf({ bleu: { ce: [0], el: [0] } }),
      () => ({ test: scored(35), ...Object.fromEntries(values) }),
      { validation: 'v', test: 't' },
    );
    const [table] = tablesOf(mainTable(studyOf(input)));
    expect(table!.notes!.find((text) => String(text).includes('wider range'))).toBe(note);
  });

  it('start with a summary that has a column for each direction, and then the details', () => {
    const study = studyOf(
      inputOf({ bleu: { 'de-en,ce': [35, 36], 'de-en,el': [37, null], 'fr-en,ce': [40, 41], 'fr-en,el': [42, 43] } }),
    );
    expect(textsOf(tablesOf(mainTable(study))[0]!)).toEqual([
      ['criterion', 'de-en', 'fr-en'],
      ['ce', '35.50 ± 0.71', '40.50 ± 0.71'],
      ['el', '37.00 (1 run)', '42.50 ± 0.71'],
    ]);
    expect(tablesOf(groupTables(study)).map(({ rows }) => rows.length)).toEqual([2, 2]);
  });

  it('have no summary of more than six directions', () => {
    const bleu = Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => [`${name},ce`, [1]]));
    const study = studyOf(inputOf({ bleu }));
    expect(tablesOf(mainTable(study))).toHaveLength(7);
    expect(groupTables(study)).toEqual([]);
  });

  it('list every seed, with a dash for runs that are missing', () => {
    const study = studyOf(inputOf({ bleu: { ce: [35, 36], el: [37, null] } }));
    expect(textsOf(tablesOf(seedsOf(study))[0]!)).toEqual([
      ['criterion', 'seed 1', 'seed 2'],
      ['ce', '35.00', '36.00'],
      ['el', '37.00', '–'],
    ]);
  });

  it('say how many runs are done if not all are', () => {
    const note = (bleu: Record<string, (number | null)[]>) => progressNote(studyOf(inputOf({ bleu })), []);
    expect(note({ ce: [1, 2], el: [3, null] })).toBe('The sweep is not finished: 3 of 4 runs are done.');
    expect(note({ ce: [1, 2] })).toBeNull();
  });
});
