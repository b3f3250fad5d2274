import { expect, it } from 'vitest';
import { configurationSection } from '../../src/report/configuration-section.js';
import { missingSection } from '../../src/report/missing-section.js';
import { studyOf } from '../../src/report/study.js';
import { inputOf, scored } from './report-input.js';

it('says which runs were resumed by another commit or machine than the one that began them', () => {
  const { description, runs } = inputOf({ bleu: { ce: [1, 2] } });
  const first = { version: '0.1.0', commit: '1234', node: 'v20', processor: 'x' };
  const [plain, other] = runs.map((run) => ({
    ...run,
    provenance: first,
    translations: new Map([['test', scored(1)]]),
  }));
  const resumed = { ...other!, resumedBy: [{ ...first, commit: '5678' }] };
  const study = studyOf({ description, runs: [plain!, resumed] });
  const text = JSON.stringify(missingSection(study));
  expect(text).toContain('1 run was resumed by another commit, version or machine: ce,seed=2.');
  expect(text).toContain('The runs are of 2 commits: 1234 and 5678.');
  expect(JSON.stringify(configurationSection(study))).toContain('1234; 5678');
  expect(JSON.stringify(missingSection(studyOf({ description, runs: [plain!] })))).not.toContain('resumed');
});
