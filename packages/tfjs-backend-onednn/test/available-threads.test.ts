import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { availableThreads } from '../src/available-threads.js';

type Files = Readonly<Record<string, string>>;

/** The number of threads on a system with these files, listed by path. */
function threadsOf(files: Files, environment: NodeJS.ProcessEnv = {}): number {
  const root = mkdtempSync(join(tmpdir(), 'available-threads-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [path, contents] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), contents);
  }
  return availableThreads(environment, root);
}

/** The status file of a process that may run on some processors. */
const status = (list: string): Files => ({
  'proc/self/status': `Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${list}\nMems_allowed_list:\t0\n`,
});
const group = (lines: string): Files => ({ 'proc/self/cgroup': lines });
const maximum = (path: string, contents: string): Files => ({ [`sys/fs/cgroup${path}/cpu.max`]: contents });
const quota = (path: string, microseconds: string, period = '100000\n'): Files => ({
  [`sys/fs/cgroup/${path}/cpu.cfs_quota_us`]: microseconds,
  [`sys/fs/cgroup/${path}/cpu.cfs_period_us`]: period,
});

describe('without a quota there is one thread per processor that the process may run on', () => {
  it.each([
    ['0-7', 8],
    ['3', 1],
    ['0,2,4-6', 5],
    ['0-3,64-67', 8],
    ['0-2047', 1024],
  ])('%s', (list, threads) => {
    expect(threadsOf(status(list))).toBe(threads);
    expect(threadsOf({ ...status(list), ...group('0::/\n') })).toBe(threads);
  });

  it.each(['', 'none', '-'])('or as many as Node reports, if the kernel reports "%s"', (list) => {
    expect(threadsOf(status(list))).toBe(availableParallelism());
    expect(threadsOf({})).toBe(availableParallelism());
  });
});

describe('a quota of cgroup v2', () => {
  it.each<[title: string, files: Files, threads: number]>([
    ['is rounded up', maximum('/work', '150000 100000\n'), 2],
    ['is one thread at least', maximum('/work', '1000 100000\n'), 1],
    ['counts in its own period', maximum('/work', '60000 20000\n'), 3],
    ['of "max" is none', maximum('/work', 'max 100000\n'), 8],
    ['beyond the processors changes nothing', maximum('/work', '3200000 100000\n'), 8],
    ['may be that of the root, as in a container', maximum('', '400000 100000\n'), 4],
    ['that is malformed is none', maximum('/work', 'a lot\n'), 8],
    ['of a period of 0 is none', maximum('/work', '100000 0\n'), 8],
    ['of 0 is none', maximum('/work', '0 100000\n'), 8],
    ['that is empty is none', maximum('/work', ''), 8],
    ['of another group is none of ours', maximum('/other', '100000 100000\n'), 8],
  ])('%s', (_, files, threads) => {
    expect(threadsOf({ ...status('0-7'), ...group('0::/work\n'), ...files })).toBe(threads);
  });

  it('of a parent group counts too: the smallest one applies', () => {
    const nested = group('0::/slice/service/work\n');
    const above = maximum('/slice', '250000 100000\n');
    expect(threadsOf({ ...status('0-7'), ...nested, ...above })).toBe(3);
    expect(threadsOf({ ...status('0-7'), ...nested, ...above, ...maximum('/slice/service/work', 'max 100000') })).toBe(
      3,
    );
    expect(threadsOf({ ...status('0-7'), ...nested, ...above, ...maximum('/slice/service', '500000 100000') })).toBe(3);
    expect(threadsOf({ ...status('0-7'), ...nested, ...above, ...maximum('/slice/service', '200000 100000') })).toBe(2);
  });

  it('is found if the container does not see the group', () => {
    const files = { ...status('0-7'), ...group('0::/../../other/work\n'), ...maximum('', '200000 100000') };
    expect(threadsOf(files)).toBe(2);
  });
});

describe('a quota of cgroup v1', () => {
  const controllers = '4:memory:/work\n3:cpu,cpuacct:/work\n2:cpuset:/\n';
  it.each<[title: string, files: Files, threads: number]>([
    ['lies under the name of the controllers', quota('cpu,cpuacct/work', '150000\n'), 2],
    ['or under "cpu"', quota('cpu/work', '250000\n'), 3],
    ['of -1 is none', quota('cpu/work', '-1\n'), 8],
    ['counts in its own period', quota('cpu/work', '50000\n', '10000\n'), 5],
    ['of the root counts, as in a container', quota('cpu', '400000\n'), 4],
    ['without a period is none', { 'sys/fs/cgroup/cpu/work/cpu.cfs_quota_us': '100000\n' }, 8],
    ['that is malformed is none', quota('cpu/work', 'x\n'), 8],
    ['of a controller of another name is none', quota('memory/work', '100000\n'), 8],
  ])('%s', (_, files, threads) => {
    expect(threadsOf({ ...status('0-7'), ...group(controllers), ...files })).toBe(threads);
  });

  it('of a parent group counts too', () => {
    const files = { ...quota('cpu/a', '200000\n'), ...quota('cpu/a/b', '600000\n') };
    expect(threadsOf({ ...status('0-7'), ...group('1:cpu:/a/b\n'), ...files })).toBe(2);
  });

  it('counts together with one of v2 on a system that has both', () => {
    const files = { ...quota('cpu/a', '600000\n'), ...maximum('/b', '500000 100000\n') };
    expect(threadsOf({ ...status('0-7'), ...group('1:cpu:/a\n0::/b\n'), ...files })).toBe(5);
  });
});

describe('OMP_NUM_THREADS', () => {
  it.each([
    ['3', 3],
    [' 16 ', 16],
    ['4,2', 4],
    ['99999', 1024],
  ])('of "%s" sets the number of threads', (text, threads) => {
    const files = { ...status('0-7'), ...group('0::/\n'), ...maximum('', '200000 100000') };
    expect(threadsOf(files, { OMP_NUM_THREADS: text })).toBe(threads);
  });

  it.each(['', '0', '-1', '1.5', 'all', '0,4'])('of "%s" is ignored', (text) => {
    expect(threadsOf(status('0-4'), { OMP_NUM_THREADS: text })).toBe(5);
  });
});
