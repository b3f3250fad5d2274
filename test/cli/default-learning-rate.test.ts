import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runMain } from '../helpers/run-main.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { makeToyData } from '../training/toy-data.js';

const folder = temporaryFolder();
const data = await makeToyData(folder);
const SMALL = [
  '--arch',
  'transformer_tiny',
  '--max-tokens',
  '64',
  '--max-update',
  '1',
  '--device',
  'wasm',
  '--no-save',
];

/** The warnings of a run. */
async function warningsOf(...flags: string[]): Promise<string[]> {
  const { code, stderr } = await runMain('train', data, ...SMALL, '--save-dir', join(folder, 'none'), ...flags);
  expect(code, stderr).toBe(0);
  return stderr.split('\n').filter((line) => line.includes('WARNING'));
}

describe('training without --lr', () => {
  it.each([
    ['adam', '5e-4'],
    ['adamax', '2e-3'],
    ['adagrad', '1e-2'],
    ['adadelta', '1'],
    ['adafactor', '1e-3'],
    ['lamb', '1e-3'],
  ])('warns with the usual value of %s, %s', async (optimizer, rate) => {
    const warnings = await warningsOf('--optimizer', optimizer);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      new RegExp(
        `--lr is not set: the learning rate is fairseq's default, 0\\.25; --lr ${rate} is usual for ${optimizer}$`,
      ),
    );
  });

  it.each([
    ['the default is usual for sgd', ['--optimizer', 'sgd']],
    ['the default is usual for nag', ['--optimizer', 'nag']],
    ['adafactor has a rate of its own', ['--optimizer', 'adafactor', '--relative-step']],
    ['a rate is set', ['--lr', '5e-4']],
    ['a rate is set under its other name, even the default', ['--learning-rate', '0.25']],
  ])('does not warn if %s', async (_, flags) => {
    expect(await warningsOf(...flags)).toEqual([]);
  });
});
