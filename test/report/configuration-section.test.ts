import { expect, it } from 'vitest';
import { configurationSection } from '../../src/report/configuration-section.js';
import { studyOf } from '../../src/report/study.js';
import { inputOf } from './report-input.js';

it('shows a translation with the probe as in the sweep file, not as a flag of generate', () => {
  const { description, runs } = inputOf({ bleu: { ce: [1], el: [2] } });
  const generate = { probe: { checkpoint: 'probe', beam: 5 } };
  const options = { train: {}, average: null, generate, analyze: null };
  const withProbe = (index: number, changes: object) => ({
    ...runs[index]!,
    data: 'bin',
    options: { ...options, ...changes },
  });
  const shared = studyOf({ description, runs: [withProbe(0, {}), withProbe(1, {})] });
  expect(JSON.stringify(configurationSection(shared))).toContain('"checkpoint: probe"');
  expect(JSON.stringify(configurationSection(shared))).not.toContain('--checkpoint');
  const added = studyOf({ description, runs: [withProbe(0, { generate: {} }), withProbe(1, {})] });
  expect(JSON.stringify(configurationSection(added))).toContain('"generate probe: checkpoint: probe"');
});
