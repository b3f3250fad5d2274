import { describe, expect, it } from 'vitest';
import { compareAll } from '../../src/report/compare.js';
import type { ReportInput } from '../../src/report/report-run.js';
import { studyOf } from '../../src/report/study.js';
import { inputOf, scored } from './report-input.js';

const PLAN = [
  { axis: 'criterion', values: ['el', 'ce'] },
  { axis: 'criterion', values: ['els', 'ces'] },
] as const;

const compared = (input: ReportInput) => compareAll(studyOf(input));

describe('compareAll', () => {
  it('makes every planned comparison in every direction, those of one direction together', () => {
    const systems = ['ce', 'ces', 'el', 'els'];
    const bleu = Object.fromEntries(['de-en', 'fr-en'].flatMap((d) => systems.map((s) => [`${d},${s}`, [1, 2]])));
    expect(compared(inputOf({ bleu, compare: PLAN })).map(({ where, names }) => [where, ...names])).toEqual([
      ['de-en', 'el', 'ce'],
      ['de-en', 'els', 'ces'],
      ['fr-en', 'el', 'ce'],
      ['fr-en', 'els', 'ces'],
    ]);
  });

  it('corrects for planned comparisons whose runs are missing too', () => {
    const bleu = { ce: [35.0, 35.1, 34.9], el: [36.0, 36.2, 35.9], ces: [null, null, null], els: [1, 2, 3] };
    const [made, missing] = compared(inputOf({ bleu, compare: PLAN }));
    expect(made!.result!.corrected).toBeCloseTo(2 * made!.result!.p!, 12);
    expect(missing).toMatchObject({ result: null, obstacle: 'runs are missing' });
  });

  it('pairs the seeds that both systems have', () => {
    const bleu = { ce: [1, null, 3, 4], el: [null, 12, 14, 15] };
    const result = compared(inputOf({ bleu, compare: [PLAN[0]] }))[0]!.result!;
    expect(result.seedNames).toEqual(['3', '4']);
    expect(result.difference).toBe(11);
  });

  it('does not compare translations of different test sets', () => {
    const input = inputOf({ bleu: { ce: [1], el: [2] }, compare: [PLAN[0]] });
    const other = scored(2, { statistics: new Uint16Array(60) });
    const runs = input.runs.map((run) =>
      run.values.criterion === 'el' ? { ...run, translations: new Map([['test', other]]) } : run,
    );
    const [comparison] = compared({ ...input, runs });
    expect(comparison).toMatchObject({ result: null, obstacle: 'their test sets differ' });
  });

  it('tells the difference that the length of translations does not make', () => {
    const input = inputOf({ bleu: { ce: [30, 30], el: [33, 33] }, compare: [PLAN[0]] });
    const runs = input.runs.map((run) => {
      const brevityPenalty = run.values.criterion === 'ce' ? 0.5 : 0.55;
      const bleu = run.values.criterion === 'ce' ? 30 : 33;
      return { ...run, translations: new Map([['test', scored(bleu, { brevityPenalty })]]) };
    });
    const { difference, withoutPenalty } = compared({ ...input, runs })[0]!.result!;
    expect(difference).toBe(3);
    expect(withoutPenalty).toBeCloseTo(0, 12);
  });

  it('compares the only two systems, the second against the first, if nothing is planned', () => {
    const [only] = compared(inputOf({ bleu: { ce: [1, 2], el: [2, 2] } }));
    expect(only!.names).toEqual(['el', 'ce']);
    expect(only!.result!.difference).toBe(0.5);
    expect(compared(inputOf({ bleu: { a: [1], b: [2], c: [3] } }))).toEqual([]);
  });

  it('calls a difference significant by the corrected p, not by its own', () => {
    // Differences 1, 2, 1.5: t = 1.5 / (0.5 / √3) = 5.196, p = 0.035; with Holm over two comparisons 0.070.
    const bleu = { ce: [1, 1, 1], el: [2, 3, 2.5], ces: [1, 2, 3], els: [3, 2, 1] };
    const significance = (compare: readonly (typeof PLAN)[number][]) =>
      compared(inputOf({ bleu, compare }))[0]!.result!;
    expect(significance([PLAN[0]]).isSignificant).toBe(true);
    expect(significance(PLAN).p).toBeCloseTo(0.0351, 4);
    expect(significance(PLAN).isSignificant).toBe(false);
  });
});
