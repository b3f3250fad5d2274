import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { buildEmulation } from '../../packages/tfjs-backend-cuda/test/helpers/emulated.js';
import { runMain } from '../helpers/run-main.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { numbersOf, type TrainingRun, trainingRun } from './training-run.js';

const data = temporaryFolder();
const scripts = fileURLToPath(new URL('../../scripts', import.meta.url));

/** The options of `ts-fairseq train` in quickstart.sh. */
function quickstartOptions(): string[] {
  const script = readFileSync(`${scripts}/quickstart.sh`, 'utf8');
  const [, options] = /^ts_fairseq train .*\\\n((?:.*\\\n)+.*)$/m.exec(script)!;
  return options!
    .replaceAll(/\\\n/g, ' ')
    .match(/'[^']*'|\S+/g)!
    .map((option) => option.replaceAll("'", ''));
}

/** Trains quickstart's model on small batches of its corpus, which the emulated GPU computes in a minute. */
async function train(device: string): Promise<TrainingRun> {
  const batches = '--max-tokens 160 --max-source-positions 100 --max-target-positions 100';
  const updates = '--max-update 20 --log-interval 1 --log-format json --no-save --disable-validation';
  const small = `${batches} ${updates} --device ${device}`.split(' ');
  const { code, stderr } = await runMain('train', data, ...quickstartOptions(), ...small);
  expect(code, stderr).toBe(0);
  return trainingRun(stderr);
}

it("quickstart's model trains for 20 updates on the emulated GPU as on cpu", async () => {
  buildEmulation();
  vi.stubEnv('TFJS_CUDA_DRIVER', 'emulated');
  execFileSync('bash', [`${scripts}/prepare-embedded.sh`, '--to', data], { stdio: 'pipe' });
  const [cpu, cuda] = [await train('cpu'), await train('cuda')];
  expect(cuda.log).toContain('transformer: 1,243,648 parameters; criterion encouraging');
  expect(cuda.updates).toHaveLength(20);
  const expected = numbersOf(cpu);
  for (const [index, value] of numbersOf(cuda).entries()) {
    expect(Math.abs(value - expected[index]!)).toBeLessThan(0.0015); // of the third decimal
  }
}, 900_000);
