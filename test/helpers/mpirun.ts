import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Why tests cannot start several processes, or null if they can; for titles of tests that are skipped. */
export const MPI_IS_MISSING: string | null = missing();

function missing(): string | null {
  if (spawnSync('mpirun', ['--version'], { stdio: 'ignore' }).status !== 0) return 'mpirun is not installed';
  return existsSync(`${root}/packages/mpi-native/build/Release/mpi.node`) ? null : 'mpi-native is not built';
}

/** How a job is started. */
export interface JobOptions {
  /** Parameters of Open MPI: `{ btl: 'tcp,self' }`. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Seconds after which the job is killed and the test fails. Default 100. */
  readonly limit?: number;
}

/** A job that has ended. */
export interface Job {
  /** The exit status of `mpirun`. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The processes of the job that still exist 5 s after `mpirun` has ended. */
  readonly left: readonly number[];
}

/** Set for all processes of a job, to find them. */
const JOB_VARIABLE = 'TS_FAIRSEQ_TEST_JOB';

/**
 * Runs a TypeScript program in several processes, as root too and with more processes than cores; each has one thread.
 * @param program a file and its arguments
 * @throws Error if the job takes too long
 */
export async function mpirun(ranks: number, program: readonly string[], options: JobOptions = {}): Promise<Job> {
  const { parameters = {}, environment = {}, limit = 100 } = options;
  const job = randomUUID();
  // The sanitizers are for the ranks: they find a race in Open MPI 4.1.4's mpirun when a rank aborts.
  const { LD_PRELOAD: preloaded, ...inherited } = process.env;
  const flags = [
    ...Object.entries(parameters).flatMap(([name, value]) => ['--mca', name, value]),
    ...(preloaded === undefined ? [] : ['-x', `LD_PRELOAD=${preloaded}`]),
  ];
  const command = [process.execPath, '--import', import.meta.resolve('jiti/register'), ...program];
  const child = spawn('mpirun', [...flags, '-n', String(ranks), ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...inherited, ...ENVIRONMENT, ...environment, [JOB_VARIABLE]: job },
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    for (const id of [child.pid!, ...processesOf(job)]) end(id);
  }, 1000 * limit);
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  clearTimeout(timer);
  if (late) throw new Error(`the job took more than ${limit} s:\n${stdout}${stderr}`);
  return { status: status as number | null, stdout, stderr, left: await processesAfter(job, 5) };
}

/** Lets Open MPI start processes as root. */
export const AS_ROOT = { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' } as const;

const ENVIRONMENT = {
  ...AS_ROOT,
  OMPI_MCA_rmaps_base_oversubscribe: '1',
  // Otherwise two ranks are bound to a core each, where other tests may run.
  OMPI_MCA_hwloc_base_binding_policy: 'none',
  OMP_NUM_THREADS: '1',
  OMP_WAIT_POLICY: 'passive',
};

function end(id: number): void {
  try {
    process.kill(id, 'SIGKILL');
  } catch {} // it has ended
}

/** The processes of a job, but not `mpirun` after it has ended. */
function processesOf(job: string): number[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  return ids.filter((id) => environmentOf(id).includes(`${JOB_VARIABLE}=${job}`)).map(Number);
}

/** Empty for a process that has ended or belongs to another user. */
function environmentOf(id: string): string {
  try {
    return readFileSync(`/proc/${id}/environ`, 'latin1');
  } catch {
    return '';
  }
}

/** Waits up to `seconds` until no process of the job exists. @returns those that do */
async function processesAfter(job: string, seconds: number): Promise<number[]> {
  const until = performance.now() + 1000 * seconds;
  let left = processesOf(job);
  while (left.length > 0 && performance.now() < until) {
    await sleep(50);
    left = processesOf(job);
  }
  for (const id of left) end(id);
  return left;
}
