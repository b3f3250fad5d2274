import { describe, expect, it } from 'vitest';
import type { ReportInput, ScoredTranslation } from '../../src/report/report-run.js';
import { seedOf, shortName, studyOf } from '../../src/report/study.js';
import { emptyRun, inputOf, scored } from './report-input.js';

/** One run with these translations, by name and split. */
function withTranslations(splits: Readonly<Record<string, string>>, tune: ReportInput['description']['tune'] = null) {
  const translations = new Map<string, ScoredTranslation>(
    Object.entries(splits).map(([name, split]) => [name, scored(1, { split })]),
  );
  return studyOf(studyInput([{ ...emptyRun({}), translations }], tune));
}

const studyInput = (runs: ReportInput['runs'], tune: ReportInput['description']['tune'] = null): ReportInput => ({
  description: { title: null, axes: [], compare: [], tune, published: [] },
  runs,
});

describe('studyOf', () => {
  it('makes a group of each direction, a system of each criterion and runs of the seeds', () => {
    const study = studyOf(
      inputOf({ bleu: { 'de-en,ce': [1, 2], 'de-en,el': [3, 4], 'fr-en,ce': [5, 6], 'fr-en,el': [7, 8] } }),
    );
    expect(study.rowAxis).toBe('criterion');
    expect(study.groups.map(({ name }) => name)).toEqual(['de-en', 'fr-en']);
    expect(study.groups[1]!.systems.map(({ name }) => name)).toEqual(['ce', 'el']);
    expect(study.groups[1]!.systems[1]!.runs.map(seedOf)).toEqual(['1', '2']);
  });

  it('has the first compared axis as rows, wherever it stands', () => {
    const input = inputOf({
      bleu: { 'de-en,ce': [1], 'fr-en,ce': [2] },
      compare: [{ axis: 'direction', values: ['de-en', 'fr-en'] }],
    });
    const study = studyOf(input);
    expect(study.rowAxis).toBe('direction');
    expect(study.groups.map(({ name, systems }) => [name, systems.length])).toEqual([['ce', 2]]);
  });

  it.each([
    [{ 'test,beam=5': 'test', 'test,beam=1': 'test' }, 'test,beam=5', ['test,beam=1']],
    [{ valid: 'valid', test: 'test' }, 'test', []],
    [{ valid: 'valid' }, 'valid', []],
    [{}, null, []],
  ])('of %j takes %s as the main translation', (splits, main, others) => {
    const study = withTranslations(splits);
    expect([study.main, study.others]).toEqual([main, others]);
  });

  it('keeps translations of probes out of the columns of the systems', () => {
    const translations = new Map([
      ['probe', scored(1, { isFromProbe: true })],
      ['test', scored(2)],
    ]);
    const study = studyOf(studyInput([{ ...emptyRun({}), translations }]));
    expect([study.main, study.others, study.probes]).toEqual(['test', [], ['probe']]);
  });

  it('pairs the tuned translations and keeps them out of the other columns', () => {
    const splits = {
      'lenpen-valid,lenpen=0.6': 'valid',
      'lenpen-valid,lenpen=1': 'valid',
      'lenpen-test,lenpen=0.6': 'test',
      'lenpen-test,lenpen=1': 'test',
      test: 'test',
    };
    const study = withTranslations(splits, { validation: 'lenpen-valid', test: 'lenpen-test' });
    expect(study.main).toBe('test');
    expect(study.others).toEqual([]);
    expect(study.tuning!.options).toEqual([
      { name: 'lenpen=0.6', validation: 'lenpen-valid,lenpen=0.6', test: 'lenpen-test,lenpen=0.6' },
      { name: 'lenpen=1', validation: 'lenpen-valid,lenpen=1', test: 'lenpen-test,lenpen=1' },
    ]);
  });
});

describe('shortName', () => {
  it.each([
    ['test,beam=1', ['test,beam=5', 'test,beam=1'], 'beam 1'],
    ['test', ['test'], 'test'],
    ['test', ['test', 'newstest,beam=1'], 'test'],
  ])('of %s among %j is what differs', (name, names, short) => {
    expect(shortName(name, names)).toBe(short);
  });
});
