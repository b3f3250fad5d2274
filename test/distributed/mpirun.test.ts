import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { loadMetadata } from '../../src/checkpoint/checkpoint.js';
import { listCheckpoints } from '../../src/checkpoint/checkpoint-path.js';
import { type Job, type JobOptions, MPI_IS_MISSING, mpirun } from '../helpers/mpirun.js';
import { runMain } from '../helpers/run-main.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { bytesOf, compareCheckpoints } from '../training/observe.js';
import { makeToyData } from '../training/toy-data.js';

const folder = temporaryFolder();
const data = await makeToyData(folder);
const script = fileURLToPath(new URL('rank.ts', import.meta.url));

/** A small transformer with dropout: 20 updates, a checkpoint every 3. */
const TRAINING =
  '--arch transformer_tiny --max-tokens 16 --required-batch-size-multiple 1 --dropout 0.3 --clip-norm 1 --lr 1e-3 ' +
  '--threads 1 --max-epoch 4 --save-interval-updates 3 --keep-interval-updates 2 --log-interval 1';

const trainingOf = (saveDir: string): string[] => [
  'train',
  data,
  '--save-dir',
  join(folder, saveDir),
  ...TRAINING.split(' '),
];

const start = (ranks: number, argv: readonly string[], options: JobOptions = {}): Promise<Job> =>
  mpirun(ranks, [script, ...argv], { limit: 300, ...options });

/** The bytes of the last checkpoint of a run. */
const lastOf = (saveDir: string): Buffer => bytesOf(join(folder, saveDir), 'checkpoint_last');

/** The lines that the processes wrote, without those of mpirun. */
const errorsOf = ({ stderr }: Job): string[] => stderr.split('\n').filter((line) => line.startsWith('ts-fairseq: '));

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

describe.skipIf(MPI_IS_MISSING !== null)(
  `processes that mpirun started${MPI_IS_MISSING ? ` (${MPI_IS_MISSING})` : ''}`,
  () => {
    beforeAll(async () => {
      const { code, stderr } = await runMain(...trainingOf('alone'), '--update-freq', '4');
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
      const job = await start(2, [...trainingOf('two'), '--update-freq', '2']);
      expect(job).toMatchObject({ status: 0, left: [] });
      expect(job.stderr).toMatch(
        /2 processes \(Open MPI [\d.]+\)\n.*rank 0 on \S+, 1 thread on cores \S+\n.*rank 1 on/,
      );
      expect(job.stderr.match(/begin|done training/g)).toHaveLength(1); // only rank 0 logs
    });

    it('train the model that one process trains', () => {
      const [one, several] = ['alone', 'two'].map((name) => join(folder, name, 'checkpoint_last'));
      expect(loadMetadata(several!).training!.updates).toBe(20);
      // A key's bias adds the same to all scores of a query, so its gradient is 0. Adam makes steps of its rounding error.
      const { names, difference } = compareCheckpoints(one!, several!, /\.k_proj\.bias$/);
      expect(names).toBe(true);
      expect(difference).toBeLessThan(1e-5);
      expect(listCheckpoints(join(folder, 'two'))).toEqual(listCheckpoints(join(folder, 'alone')));
    });

    it.each([
      ['over TCP', { btl: 'tcp,self' }],
      ['with other algorithms for collectives', { coll: '^tuned,sm' }],
    ])('write the same bytes %s', async (what, parameters) => {
      const job = await start(2, [...trainingOf(what), '--update-freq', '2'], { parameters });
      expect(job.status).toBe(0);
      expect(lastOf(what).equals(lastOf('two'))).toBe(true);
    });

    it('print the translations, scores and BLEU that one process prints', async () => {
      const argv = ['generate', data, '--path', join(folder, 'two', 'checkpoint_last'), '--gen-subset', 'valid'];
      const options = ['--max-tokens', '16', '--beam', '3', '--max-len-b', '9', '--threads', '1', '--nbest', '2'];
      const results = join(folder, 'results');
      expect(await runMain(...argv, ...options, '--results-path', results)).toMatchObject({ code: 0 });
      const stdout = readFileSync(join(results, 'generate-valid.txt'), 'utf8');
      for (const ranks of [2, 3]) {
        expect(await start(ranks, [...argv, ...options])).toMatchObject({ status: 0, stdout, left: [] });
      }
    });

    it('a mistake in the options is reported once, before anything is written', async () => {
      const job = await start(2, [...trainingOf('mistake'), '--lr', 'fast']);
      expect(job.status).toBe(2);
      expect(errorsOf(job)).toEqual([expect.stringMatching(/^ts-fairseq: .*--lr/)]);
    });

    it('an error in the criterion of one rank ends all, and names the rank', async () => {
      const plugin = join(folder, 'plugin.ts');
      writeFileSync(
        plugin,
        `import { defineCriterion, tf } from 'ts-fairseq';
       let calls = 0;
       export const failing = defineCriterion({
         name: 'failing',
         summary: 'cross entropy that fails on rank 1',
         options: {},
         build: () => ({
           paddingRows: 'drop',
           forward({ scores }) {
             calls += 1;
             if (calls > 6 && process.env.OMPI_COMM_WORLD_RANK === '1') throw new TypeError('no such row');
             const nll = tf.neg(tf.sum(scores.statistics().targetLogProb));
             return { loss: nll, nll };
           },
         }),
       });`,
      );
      const argv = [...trainingOf('criterion'), '--user-dir', plugin, '--criterion', 'failing'];
      const job = await start(2, argv);
      expect(job).toMatchObject({ status: 2, left: [] });
      expect(errorsOf(job)).toEqual([
        expect.stringMatching(
          /^ts-fairseq: rank 1 of 2 \(.*\): --user-dir: .*plugin\.ts:\d+: TypeError: no such row; fix the plug-in$/,
        ),
      ]);
      expect(listCheckpoints(join(folder, 'criterion'))).not.toEqual([]);
    });

    it('killed with SIGKILL at 20 random moments and resumed, they write the bytes of an uninterrupted run', async () => {
      const argv = [...trainingOf('killed'), '--update-freq', '2'];
      for (let kill = 0; kill < 20; kill++) {
        // Each run saves after at most 3 updates. So all runs together make progress, whenever they are killed.
        const signal = `${kill % 2} KILL ${1 + (kill % 4)} ${(0.2 * Math.random()).toFixed(3)}`;
        const job = await start(2, argv, { environment: { TEST_SIGNAL: signal } });
        expect([signal, errorsOf(job), job.left]).toEqual([signal, [], []]);
      }
      expect(await start(2, argv)).toMatchObject({ status: 0 });
      expect(lastOf('killed').equals(lastOf('two'))).toBe(true);
    });

    it('a rank that stands still is named within the time of --heartbeat-timeout, and all end', async () => {
      const argv = [...trainingOf('still'), '--max-epoch', '1000', '--heartbeat-timeout', '3'];
      const job = await start(3, argv, { environment: { TEST_SIGNAL: '2 STOP 4 0' } });
      expect(job.status).not.toBe(0);
      expect(job.left).toEqual([]);
      expect(errorsOf(job)).toEqual([expect.stringMatching(/rank 2 .*--heartbeat-timeout/)]);
    });

    it('a signal to one rank stops all at the same update, and the same command goes on', async () => {
      const argv = [...trainingOf('interrupted'), '--update-freq', '2'];
      const job = await start(2, argv, { environment: { TEST_SIGNAL: '1 TERM 4 0' } });
      expect(job.stderr).toContain('interrupted; run the same command to resume');
      expect(job.left).toEqual([]);
      expect(await start(2, argv)).toMatchObject({ status: 0 });
      expect(lastOf('interrupted').equals(lastOf('two'))).toBe(true);
    });

    it('other data on one rank are named, and nothing is written', async () => {
      const other = join(folder, 'other');
      mkdirSync(other);
      const environment = { TEST_REPLACE: `1 ${data} ${await makeToyData(other, ' a')}` };
      const job = await start(2, trainingOf('data'), { environment });
      expect(job).toMatchObject({ status: 2, left: [] });
      expect(errorsOf(job)).toEqual([
        expect.stringMatching(
          /^ts-fairseq: the .* of rank 1 of 2 \(.*\) differs from that of the other ranks; start all/,
        ),
      ]);
      expect(existsSync(join(folder, 'data'))).toBe(false);
    });

    it('a disk that gets full on rank 0 ends all, and the run goes on when there is space', async (context) => {
      const disk = join(folder, 'disk');
      mkdirSync(disk);
      const twoCheckpoints = 2 * lastOf('two').length;
      const mount = (options: string): boolean =>
        spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'none', disk], { stdio: 'ignore' }).status === 0;
      if (!mount(`size=${twoCheckpoints + 40_000}`)) context.skip('only root can mount a small disk');
      try {
        const argv = [...trainingOf(join('disk', 'run')), '--update-freq', '2'];
        const job = await start(2, argv);
        expect(job).toMatchObject({ status: 2, left: [] });
        expect(errorsOf(job)).toEqual([expect.stringMatching(/^ts-fairseq: rank 0 of 2 \(.*\): .*the disk is full/)]);
        expect(mount('remount,size=50m')).toBe(true);
        expect((await start(2, argv)).status).toBe(0);
        expect(lastOf(join('disk', 'run')).equals(lastOf('two'))).toBe(true);
      } finally {
        spawnSync('umount', [disk]);
      }
    });
  },
);

describe('srun without MPI', () => {
  it('is refused, because its tasks would be as many trainings', async () => {
    vi.stubEnv('SLURM_STEP_NUM_TASKS', '4');
    const { code, stderr } = await runMain(...trainingOf('srun'));
    vi.unstubAllEnvs();
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr:
        'ts-fairseq: srun started 4 tasks, but not with MPI, so they would not work together; ' +
        'use srun --mpi=pmix, or mpirun in the batch script; for a single process use srun --ntasks=1\n',
    });
  });
});
