import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Device } from '../devices/device.js';
import { log } from '../log.js';
import type { Workers } from './workers.js';

/** Where a process runs. */
interface Placement {
  readonly host: string;
  readonly cores: string; // a list as in taskset: `0-3,8`
  readonly available: number; // cores
  readonly threads: number;
}

/** Logs where the processes run, and warns if their threads share cores. @param device of this process */
export async function logProcesses(workers: Workers, device: Pick<Device, 'description'>): Promise<void> {
  const { world } = workers;
  if (world.size === 1) return;
  const threads = Number(device.description.threads ?? 1);
  const available = availableParallelism();
  const placements = await workers.exchange<Placement>({ host: world.hostName, cores: boundTo(), available, threads });
  log.message(`${world.size} processes (${world.library})`);
  for (const [rank, { host, cores, threads: count }] of placements.entries()) {
    log.message(`rank ${rank} on ${host}, ${count} ${count === 1 ? 'thread' : 'threads'} on cores ${cores}`);
  }
  const crowded = [...new Set(placements.map(({ host }) => host))].find((host) => isCrowded(placements, host));
  if (crowded !== undefined) {
    log.warning(`the threads on ${crowded} share cores; give --threads, or bind with mpirun --map-by slot:PE=THREADS`);
  }
}

/** The cores that this process may use. */
function boundTo(): string {
  try {
    return /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 'all';
  } catch {
    return 'all'; // no Linux
  }
}

/** Whether processes on a host have more threads than the cores that they share. */
function isCrowded(placements: readonly Placement[], host: string): boolean {
  const here = placements.filter((placement) => placement.host === host);
  return here.some(({ cores, available }) => {
    const sharing = here.filter((placement) => placement.cores === cores);
    return sharing.reduce((sum, { threads }) => sum + threads, 0) > available;
  });
}
