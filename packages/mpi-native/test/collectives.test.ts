import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type Job, type JobOptions, MPI_IS_MISSING, mpirun } from '../../../test/helpers/mpirun.js';
import { localWorlds } from '../src/local-world.js';
import { playScenario, type Seen } from './ranks/scenario.js';

const program = (name: string): string => fileURLToPath(new URL(`ranks/${name}.ts`, import.meta.url));

/** What each rank of a job printed. */
function seenBy({ status, stdout, stderr, left }: Job, ranks: number): Seen[][] {
  expect(stderr).toBe('');
  expect({ status, left }).toEqual({ status: 0, left: [] });
  const seen: Seen[][] = Array.from({ length: ranks }, () => []);
  for (const line of stdout.trim().split('\n')) {
    const { rank, ...one } = JSON.parse(line) as Seen & { readonly rank: number };
    seen[rank]!.push(one);
  }
  return seen;
}

async function play(ranks: number, lengths: readonly number[], message: number | 'default', options: JobOptions) {
  const job = await mpirun(ranks, [program('all-collectives'), String(message), JSON.stringify(lengths)], options);
  return seenBy(job, ranks);
}

const playLocally = (ranks: number, lengths: readonly number[]): Promise<Seen[][]> =>
  Promise.all(localWorlds(ranks).map((world) => playScenario(world, lengths)));

const missing = MPI_IS_MISSING === null ? '' : ` (skipped: ${MPI_IS_MISSING})`;

describe.skipIf(MPI_IS_MISSING !== null)(`every collective has the bits of the worlds in one process${missing}`, () => {
  const short = [0, 1, 5, 1000];
  const tcp = { btl: 'tcp,self' };
  const algorithms = (number: string) => ({
    ...tcp,
    coll_tuned_use_dynamic_rules: '1',
    coll_tuned_allreduce_algorithm: number,
    coll_tuned_allgather_algorithm: number,
    coll_tuned_alltoall_algorithm: number,
  });
  test.each([
    { ranks: 1, how: 'alone', lengths: short },
    { ranks: 2, how: 'over shared memory', lengths: [...short, 1e6] },
    { ranks: 3, how: 'over shared memory', lengths: [...short, 1e6 + 1] },
    { ranks: 4, how: 'over shared memory', lengths: [...short, 1e6 + 3] },
    { ranks: 2, how: 'over TCP', lengths: [...short, 1e6], parameters: tcp },
    { ranks: 4, how: 'over TCP', lengths: [...short, 1e6], parameters: tcp },
    { ranks: 3, how: 'with messages of at most 1 KiB', lengths: [...short, 1e5], message: 1024 },
    { ranks: 2, how: 'with messages of at most 1 KiB over TCP', lengths: [1e5], parameters: tcp, message: 1024 },
    { ranks: 3, how: 'with messages of at most 70 bytes', lengths: short, message: 70 },
    ...['1', '2', '3'].map((number) => {
      const parameters = algorithms(number);
      return { ranks: 4, how: `with algorithm ${number} of Open MPI`, lengths: [...short, 1e5], parameters };
    }),
  ] as const)('$ranks ranks $how', async ({ ranks, lengths, message, parameters }: Case) => {
    const seen = await play(ranks, lengths, message ?? 'default', parameters === undefined ? {} : { parameters });
    expect(seen).toEqual(await playLocally(ranks, lengths));
  });
});

interface Case {
  readonly ranks: number;
  readonly lengths: readonly number[];
  readonly message?: number;
  readonly parameters?: Readonly<Record<string, string>>;
}
