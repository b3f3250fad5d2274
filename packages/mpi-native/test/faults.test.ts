import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type Job, MPI_IS_MISSING, mpirun } from '../../../test/helpers/mpirun.js';
import type { Fault } from './ranks/faulty.js';

const program = fileURLToPath(new URL('ranks/faulty.ts', import.meta.url));
const FOREVER = 1e9;

interface Plan {
  readonly ranks?: number;
  readonly fault: Fault;
  readonly of: readonly number[];
  readonly timeout?: number; // seconds
  readonly updates?: number;
  readonly length?: number;
  readonly btl?: string;
}

async function run(plan: Plan): Promise<Job> {
  const { ranks = 3, fault, of, timeout = 30, updates = FOREVER, length = 1000, btl } = plan;
  const flags = [fault, of.join(), timeout, updates, length].map(String);
  return mpirun(ranks, [program, ...flags], btl === undefined ? {} : { parameters: { btl } });
}

/** The lines that the watchdogs of all ranks print, without the name of this machine. */
const complaintsOf = ({ stderr }: Job): string[] =>
  stderr
    .split('\n')
    .filter((line) => line.includes('ts-fairseq:'))
    .map((line) => line.replaceAll(/ \([^()]*\)(?= (did|exchanged|at)|,)/g, ''));

const missing = MPI_IS_MISSING === null ? '' : ` (skipped: ${MPI_IS_MISSING})`;

describe.skipIf(MPI_IS_MISSING !== null)(`a job${missing}`, () => {
  test.each<Plan & { readonly what: string; readonly status: number; readonly says: RegExp }>([
    { what: 'is killed', fault: 'kill', of: [2], status: 137, says: /rank 2 .* exited on signal 9/ },
    { what: 'throws an error', fault: 'throw', of: [1], status: 1, says: /Error: a fault of this rank/ },
    { what: 'aborts', fault: 'abort', of: [0], status: 9, says: /./ },
    { what: 'exits without leaving MPI', fault: 'exit', of: [1], status: 1, says: /without calling "finalize"/ },
  ])('of which one rank $what ends as a whole and not with success', async ({ status, says, ...plan }) => {
    const job = await run(plan);
    expect(job.stderr).toMatch(says);
    expect(complaintsOf(job)).toEqual([]);
    expect({ status: job.status, left: job.left }).toEqual({ status, left: [] });
  });

  test.each<Plan & { readonly says: string }>([
    { ranks: 2, fault: 'stop', of: [1], says: 'rank 1 did not reach update 6 within 2 s' },
    { ranks: 2, fault: 'stop', of: [0], says: 'rank 0 did not reach update 6 within 2 s' },
    { ranks: 4, fault: 'stop', of: [2, 3], says: 'ranks 2 and 3 did not reach update 6 within 2 s' },
    { ranks: 4, fault: 'stop', of: [1, 2, 3], says: 'ranks 1 to 3 did not reach update 6 within 2 s' },
    { ranks: 3, fault: 'loop', of: [1], says: 'rank 1 did not reach update 6 within 2 s' },
    { ranks: 3, fault: 'stop', of: [0], btl: 'tcp,self', says: 'rank 0 did not reach update 6 within 2 s' },
  ])('of which ranks $of $fault is ended by the watchdog, which names them: $ranks ranks, $btl', async (plan) => {
    const job = await run({ ...plan, timeout: 2 });
    const line = `ts-fairseq: ${plan.says} (--heartbeat-timeout); last seen at update 5; all processes are ended`;
    expect(complaintsOf(job)).toEqual([line]);
    expect({ status: job.status, left: job.left }).toEqual({ status: 70, left: [] });
  });

  test.each([
    { ranks: 2, of: [1], says: 'rank 0 has waited for them for 2 s' },
    { ranks: 3, of: [0], says: 'rank 1 has waited for them for 2.5 s' },
  ])('of which ranks $of do not start MPI is ended', async ({ says, ...plan }) => {
    const job = await run({ ...plan, fault: 'do not start', timeout: 2 });
    // On a busy machine a later rank may speak, too, before mpirun ends it.
    expect(complaintsOf(job)[0]).toBe(
      `ts-fairseq: not all processes started MPI: ${says} (--heartbeat-timeout); all processes are ended`,
    );
    expect({ status: job.status, left: job.left }).toEqual({ status: 137, left: [] });
  });

  test('is ended by another rank if ranks 0 and 1 stop', async () => {
    const job = await run({ ranks: 4, fault: 'stop', of: [0, 1], timeout: 2 });
    expect(complaintsOf(job)).toEqual([
      'ts-fairseq: rank 0 did not answer rank 2 at update 6 within 4 s (twice --heartbeat-timeout); all processes are ended',
    ]);
    expect({ status: job.status, left: job.left }).toEqual({ status: 70, left: [] });
  });

  test.each([
    { rank: 0, btl: 'vader,self' },
    { rank: 1, btl: 'tcp,self' },
    { rank: 2, btl: 'vader,self' },
  ])(
    'of which rank $rank stops in the middle of an exchange over $btl says that it was this one',
    async ({ rank, btl }) => {
      const job = await run({ fault: 'stop later', of: [rank], btl, timeout: 2, length: 3e6 });
      const complaints = complaintsOf(job);
      expect(complaints).toHaveLength(1);
      expect(complaints[0]).toMatch(
        new RegExp(
          `^ts-fairseq: rank ${rank} (did not reach|did not continue|exchanged no data of) update \\d+ within 2 s`,
        ),
      );
      expect({ status: job.status, left: job.left }).toEqual({ status: 70, left: [] });
    },
  );

  test.each<Plan & { readonly what: string }>([
    { what: 'one rank is slow', fault: 'slow down', of: [1], timeout: 3 },
    { what: 'all ranks are stopped for a while', fault: 'stop all for a while', of: [2], timeout: 2 },
    { what: 'the watchdog is off', fault: 'slow down', of: [1], timeout: 0 },
  ])('goes on if $what', async (plan) => {
    const { status, stderr, left } = await run({ ...plan, updates: 10 });
    expect({ status, stderr, left }).toEqual({ status: 0, stderr: '', left: [] });
  });

  test.each<Plan & { readonly says: string }>([
    {
      fault: 'other length',
      of: [2],
      says: 'rank 2 called sumSlices of 7 values where rank 0 called sumSlices of 1000',
    },
    { fault: 'other collective', of: [1], says: 'rank 1 called finalize where rank 0 called sumSlices of 1000 values' },
    {
      fault: 'other length',
      of: [0],
      says: 'rank 1 called sumSlices of 1000 values where rank 0 called sumSlices of 7',
    },
  ])('whose ranks call different collectives gets the same error on all: $says', async ({ says, ...plan }) => {
    const { status, stderr, left } = await run(plan);
    for (const rank of [0, 1, 2]) expect(stderr).toContain(`rank ${rank}: update 6: ${says}`);
    expect({ status, left }).toEqual({ status: 3, left: [] });
  });
});
