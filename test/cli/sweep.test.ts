import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readResult } from '../../src/experiments/run-result.js';
import { runCommandLine } from '../helpers/command-line.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { makeToyData } from '../training/toy-data.js';

const folder = temporaryFolder();
const data = await makeToyData(folder);
const script = fileURLToPath(new URL('../../bin/ts-fairseq.js', import.meta.url));

function writeSweep(name: string, changes = ''): string {
  const path = join(folder, `${name}.yaml`);
  writeFileSync(
    path,
    `output: ${join(folder, name)}
data: ${data}
train:
  arch: transformer_tiny
  max-tokens: 32
  required-batch-size-multiple: 1
  lr: 1e-3
  max-epoch: 4
  log-interval: 1
average-checkpoints: { num-epoch-checkpoints: 2 }
detokenize: moses
generate:
  valid: { gen-subset: valid, beam: 2, max-len-b: 10 }
  probe: { checkpoint: probe, gen-subset: valid, beam: 2, max-len-b: 10 }
analyze: { gen-subset: valid, gradient-batches: 0, probe-epochs: 2 }
grid:
  criterion:
    ce: { train: { criterion: cross_entropy } }
    el: { train: { criterion: encouraging, label-smoothing: 0.1 } }
${changes}`,
  );
  return path;
}

/** The sweep as a process; its runs are processes of their own. */
const start = (path: string): ChildProcess =>
  spawn(process.execPath, [script, 'sweep', path, '--threads', '1'], { stdio: 'ignore' });

const resultsOf = (name: string): unknown[] =>
  ['ce', 'el'].map((run) => {
    const { translations, training } = readResult(join(folder, name, run));
    const lines = readFileSync(join(folder, name, run, 'generate/valid/generate-valid.txt'), 'utf8');
    expect(lines).toContain(`BLEU4 = ${translations.valid!.bleu.toFixed(2)},`);
    return { translations, losses: training.epochs.map(({ train }) => train!.loss) };
  });

describe('ts-fairseq sweep', () => {
  it('prints the commands of a dry run and runs nothing', async () => {
    const { code, stdout } = await runCommandLine(['sweep', writeSweep('dry'), '--dry-run']);
    expect(code).toBe(0);
    expect(stdout.split('\n').filter((line) => line.startsWith('ts-fairseq train'))).toHaveLength(2);
    expect(stdout).toContain(`ts-fairseq average-checkpoints --inputs ${join(folder, 'dry/el/checkpoints')}`);
    expect(existsSync(join(folder, 'dry'))).toBe(false);
  });

  it.each(readdirSync('examples/sweeps').filter((name) => name.endsWith('.yaml')))(
    'knows every option of examples/sweeps/%s',
    async (name) => {
      const { code, stderr } = await runCommandLine(['sweep', join('examples/sweeps', name), '--dry-run']);
      expect(stderr).toBe('');
      expect(code).toBe(0);
    },
  );

  it('reports a mistake in the last run before the first one starts', async () => {
    const path = writeSweep('mistake', '    oops: { train: { criterion: encouraging, label-smothing: 0.1 } }\n');
    const { code, stderr } = await runCommandLine(['sweep', path]);
    expect(code).toBe(2);
    expect(stderr).toContain(`${path}: run oops: train: unknown option '--label-smothing'`);
    expect(stderr).toContain('--label-smoothing');
    expect(existsSync(join(folder, 'mistake'))).toBe(false);
  });

  it('reports a data folder that does not exist before the first run starts', async () => {
    const path = writeSweep('no-data', `    lost: { data: '${data}:data-bin/nowhere' }\n`);
    const { code, stderr } = await runCommandLine(['sweep', path]);
    expect(code).toBe(2);
    expect(stderr).toBe(
      `ts-fairseq: ${path}: run lost: the data folder data-bin/nowhere does not exist; make it with ts-fairseq preprocess, or correct data\n`,
    );
    expect(existsSync(join(folder, 'no-data'))).toBe(false);
    expect((await runCommandLine(['sweep', path, '--dry-run'])).code).toBe(0);
  });

  it('marks a run that fails, and exits with 2', async () => {
    const path = writeSweep('failing', '    lost: { train: { restore-file: nowhere/checkpoint1 } }\n');
    const sweep = spawn(process.execPath, [script, 'sweep', path, '--threads', '1', '--jobs', '3']);
    let stderr = '';
    sweep.stderr.on('data', (text: Buffer) => {
      stderr += text.toString();
    });
    const [code] = (await once(sweep, 'close')) as [number];
    expect(code).toBe(2);
    expect(stderr).toContain('1 of 3 runs failed: lost; fix the errors in their output.txt');
    expect(readFileSync(join(folder, 'failing/lost/state.json'), 'utf8')).toContain('nowhere/checkpoint1');
    expect(resultsOf('failing')).toHaveLength(2);
  });

  it('ends with the same numbers whether it was killed twice or not', async () => {
    await once(start(writeSweep('whole')), 'exit');
    const path = writeSweep('killed');
    const checkpoints = join(folder, 'killed/ce/checkpoints');
    for (const [signal, checkpoint] of [
      ['SIGTERM', 'checkpoint1.safetensors'],
      ['SIGKILL', 'checkpoint3.safetensors'],
    ] as const) {
      const sweep = start(path);
      while (!(existsSync(checkpoints) && readdirSync(checkpoints).includes(checkpoint))) await setTimeout(2);
      sweep.kill(signal);
      await once(sweep, 'exit');
    }
    const [code] = (await once(start(path), 'exit')) as [number];
    expect(code).toBe(0);
    expect(resultsOf('killed')).toEqual(resultsOf('whole'));
  });
});
