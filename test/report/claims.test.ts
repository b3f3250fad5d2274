import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Analysis } from '../../src/analysis/analysis.js';
import { type Claims, parseClaims } from '../../src/report/claims.js';
import { claimsSection } from '../../src/report/claims-section.js';
import { inlines } from '../../src/report/document.js';
import type { ReportInput } from '../../src/report/report-run.js';
import { studyOf } from '../../src/report/study.js';
import { runMain } from '../helpers/run-main.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { writeFakeSweep } from './fake-sweep.js';
import { inputOf } from './report-input.js';

const HIGHER = { claim: 'EL is better', measure: 'BLEU', system: 'el', above: 'ce' };

const claimsOf = (...claims: object[]): Claims =>
  parseClaims(
    'claims.yaml',
    new Map<string, unknown>([
      ['source', 'somebody'],
      ['claims', claims],
    ]),
  );

/** The paragraph and the cells of the tables of the section. */
function shown(input: ReportInput, claims: Claims): { text: string; rows: string[][] } {
  const blocks = claimsSection(studyOf(input), claims);
  const plain = (content: Parameters<typeof inlines>[0]): string =>
    inlines(content)
      .map((inline) => (typeof inline === 'string' ? inline : inline.text))
      .join('');
  const paragraph = blocks.find((block) => block.kind === 'paragraph');
  return {
    text: paragraph?.kind === 'paragraph' ? plain(paragraph.content) : '',
    rows: blocks.flatMap((block) => (block.kind === 'table' ? block.table.rows.map((row) => row.map(plain)) : [])),
  };
}

describe('the claims of a report', () => {
  it.each([
    ['in all runs', [40, 42], [39, 41], 'yes, in all 2 runs'],
    ['in some', [40, 42], [39, 43], 'in 1 of 2 runs'],
    ['in none', [38, 40], [39, 41], 'no, in none of 2 runs'],
    ['in the only one', [40], [39], 'yes'],
    ['in no other than the only one', [39], [40], 'no'],
    ['in runs of equal scores not', [40, 40], [40, 40], 'no, in none of 2 runs'],
    ['in those runs that both systems have', [40, 42], [39, null], 'yes'],
  ])('hold %s', (_, el, ce, verdict) => {
    const { rows } = shown(inputOf({ bleu: { ce, el } }), claimsOf(HIGHER));
    expect(rows.map((row) => row.at(-1))).toEqual([verdict]);
  });

  it('are below or above a number, or a multiple of another system', () => {
    const input = inputOf({ bleu: { ce: [20, 22], el: [40, 46] } });
    const double = { ...HIGHER, claim: 'doubled', factor: 2 };
    const number = { claim: 'few', measure: 'BLEU', system: 'ce', below: 21 };
    expect(shown(input, claimsOf(double, number)).rows).toEqual([
      ['doubled', 'BLEU', 'el 43.00 ± 4.24', '> 2 × ce (42.00)', 'in 1 of 2 runs'],
      ['few', 'BLEU', 'ce 21.00 ± 1.41', '< 21', 'in 1 of 2 runs'],
    ]);
  });

  it('take the gradient of the criterion that they name, and say where nothing was measured', () => {
    const input = inputOf({ bleu: { ce: [20], el: [40] } });
    const criterions = [{ label: 'EL, LE 1', norm: 2, relativeNorm: 5.125, share: null }];
    const analysis = { criterions } as unknown as Analysis; // the rest is not read
    const runs = input.runs.map((run) => (run.values.criterion === 'ce' ? { ...run, analysis } : run));
    const steep = { claim: 'steep', measure: 'relative gradient norm', criterion: 'EL, LE 1', system: 'ce', above: 5 };
    const claims = claimsOf(steep, { ...steep, system: 'el' }, { ...steep, system: 'another' });
    const { text, rows } = shown({ ...input, runs }, claims);
    expect(text).toBe('The claim holds in every run. Runs with the same seed are compared.');
    expect(rows).toEqual([
      ['steep', 'relative gradient norm: EL, LE 1', '5.13 at ce', '> 5', 'yes'],
      ['steep', 'relative gradient norm: EL, LE 1', '– at el', '> 5', 'not measured'],
    ]);
  });

  it('tell what they were said of', () => {
    const input = inputOf({ bleu: { ce: [20], el: [40] } });
    const { rows } = shown(input, claimsOf({ ...HIGHER, setting: 'IWSLT' }, HIGHER));
    expect(rows).toEqual([
      ['EL is better', 'IWSLT', 'BLEU', 'el 40.00', '> ce (20.00)', 'yes'],
      ['EL is better', '', 'BLEU', 'el 40.00', '> ce (20.00)', 'yes'],
    ]);
  });

  it('are counted for every direction', () => {
    const bleu = { 'de-en,ce': [20], 'de-en,el': [40], 'fr-en,ce': [20], 'fr-en,el': [10] };
    expect(shown(inputOf({ bleu }), claimsOf(HIGHER)).text).toBe(
      'On de-en, the claim holds in every run; on fr-en, the claim does not hold in every run. Runs with the same seed are compared.',
    );
  });

  it('are counted in words', () => {
    const input = inputOf({ bleu: { ce: [20], el: [40] } });
    const lower = { claim: 'EL is worse', measure: 'BLEU', system: 'el', below: 'ce' };
    const counted = (...claims: object[]): string => shown(input, claimsOf(...claims)).text.split(' in ')[0]!;
    expect(counted(HIGHER, HIGHER)).toBe('All 2 claims hold');
    expect(counted(HIGHER, lower, lower)).toBe('1 of 3 claims hold');
  });

  it('are no section if none is about these systems', () => {
    expect(claimsSection(studyOf(inputOf({ bleu: { a: [1], b: [2] } })), claimsOf(HIGHER))).toEqual([]);
  });

  it.each([
    [{ ...HIGHER, measure: 'bleu' }, "claim 1: measure: unknown entry 'bleu'"],
    [{ ...HIGHER, syste: 'el' }, "claim 1: unknown entry 'syste'; did you mean 'system'?"],
    [{ ...HIGHER, claim: undefined }, 'claim 1 has no claim; add claim: …'],
    [{ ...HIGHER, below: 'ce' }, 'claim 1 needs either above or below'],
    [{ ...HIGHER, above: undefined }, 'claim 1 needs either above or below'],
    [{ ...HIGHER, factor: 0 }, 'claim 1: factor is not a number above 0'],
    [{ ...HIGHER, criterion: 'EL' }, 'claim 1: criterion belongs to relative gradient norm'],
    ['EL is better', 'claim 1 has no names with values'],
  ])('%j is refused', (claim, problem) => {
    expect(() => claimsOf(claim as object)).toThrow(`claims.yaml: ${problem}`);
  });

  it('come from a file that the command names', async () => {
    const folder = temporaryFolder();
    const [sweep, file, output] = ['sweep', 'claims.yaml', 'report.html'].map((name) => join(folder, name));
    writeFakeSweep(sweep!, {
      criterions: { ce: 0.2, el: 0.18 },
      directions: ['de-en'],
      sentences: 10,
      hasAnalyses: true,
    });
    writeFileSync(file!, `source: somebody\nclaims:\n- claim: margins\n  measure: margin\n  system: el\n  above: 0\n`);
    const { code, stderr } = await runMain('report', sweep!, '--claims', file!, '--output', output!);
    expect(code, stderr).toBe(0);
    writeFileSync(file!, 'claims: []\n');
    const refused = await runMain('report', sweep!, '--claims', file!, '--output', output!);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toBe(`ts-fairseq: ${file}: source is missing; say whose claims these are\n`);
  });
});
