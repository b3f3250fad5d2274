import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, posix } from 'node:path';

/** Processors have fewer cores. Each thread costs memory, and many thousands of threads end the process. */
export const MOST_THREADS = 1024;

/**
 * The default number of threads: OMP_NUM_THREADS, else min(CPU affinity, ⌈CPU quota of the cgroups⌉).
 * @param root the folder of `proc` and `sys`
 */
export function availableThreads(environment: NodeJS.ProcessEnv = process.env, root = '/'): number {
  const requested = /^\s*(\d+)\s*(,|$)/.exec(environment.OMP_NUM_THREADS ?? ''); // "4,2": the second number is for nested regions
  const threads = Number(requested?.[1] ?? 0);
  if (threads >= 1) return Math.min(threads, MOST_THREADS);
  return Math.min(permittedProcessors(root), ...cpuQuotas(root).map(Math.ceil), MOST_THREADS);
}

/** Reads a file of the kernel; empty if it does not exist. */
function read(...path: string[]): string {
  try {
    return readFileSync(join(...path), 'utf8');
  } catch {
    return '';
  }
}

/**
 * The number of processors in the CPU affinity. Node's `availableParallelism` is the same up to libuv 1.48; from 1.49
 * on it includes a quota and rounds it down.
 */
function permittedProcessors(root: string): number {
  const list = /^Cpus_allowed_list:\s*(\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)\s*$/m.exec(read(root, 'proc/self/status'))?.[1];
  if (list === undefined) return availableParallelism();
  return list.split(',').reduce((count, range) => {
    const [first, last = first] = range.split('-').map(Number) as [number, number?];
    return count + (last - first + 1);
  }, 0);
}

/** The quotas of the process's cgroups and of their parents, in processors. */
function cpuQuotas(root: string): number[] {
  const groups = read(root, 'proc/self/cgroup').matchAll(/^\d+:([^:]*):(\/.*)$/gm);
  const quotas = [...groups].flatMap(([, controllers, path]) => {
    if (controllers === '')
      return groupAndParents(path!).map((group) => quotaOfVersion2(join(root, 'sys/fs/cgroup', group)));
    if (!controllers!.split(',').includes('cpu')) return [];
    return [controllers!, 'cpu'].flatMap((mount) =>
      groupAndParents(path!).map((group) => quotaOfVersion1(join(root, 'sys/fs/cgroup', mount, group))),
    );
  });
  return quotas.filter((quota) => quota > 0 && Number.isFinite(quota));
}

/** `/a/b`, `/a`, `/`. In a container the path may be the one that the host sees, and then only `/` exists. */
function groupAndParents(path: string): string[] {
  const group = posix.normalize(path);
  return group === '/' ? [group] : [group, ...groupAndParents(posix.dirname(group))];
}

/** `cpu.max` contains "quota period" in microseconds, or "max period". Returns NaN without a limit. */
function quotaOfVersion2(folder: string): number {
  const [, quota, period] = /^(\d+)\s+(\d+)\s*$/.exec(read(folder, 'cpu.max')) ?? [];
  return Number(quota) / Number(period);
}

/** A quota of −1 means no limit. */
function quotaOfVersion1(folder: string): number {
  const number = (file: string): number => Number.parseInt(read(folder, file), 10);
  return number('cpu.cfs_quota_us') / number('cpu.cfs_period_us');
}
