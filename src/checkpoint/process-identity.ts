import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Identifies a process among all processes of all hosts. Fields that only Linux provides are null on other systems. */
export interface ProcessIdentity {
  readonly host: string;
  /** /etc/machine-id, because two hosts may have the same name; null in some containers. */
  readonly machine: string | null;
  /** The kernel's boot id: random and different for every boot. */
  readonly boot: string | null;
  /** The PID namespace: each container has its own process ids and cannot see the processes of others. */
  readonly namespace: string | null;
  readonly process: number;
  /** The start of the process in clock ticks since boot, because process ids are reused. */
  readonly started: string | null;
}

/** Identifies a process by its id. @param process an id in this process's PID namespace */
export function identityOfProcess(process: number): ProcessIdentity {
  return {
    host: hostname(),
    machine: textOf('/etc/machine-id'),
    boot: textOf('/proc/sys/kernel/random/boot_id'),
    namespace: linkOf('/proc/self/ns/pid'),
    process,
    started: statusOf(process)?.started ?? null,
  };
}

/** Whether a process is still running; null if it is not visible from here. */
export function isRunning(
  other: ProcessIdentity,
  here: ProcessIdentity = identityOfProcess(process.pid),
): boolean | null {
  if (other.boot === null || other.started === null || other.namespace === null) return null;
  if (other.boot !== here.boot) return isSameMachine(other, here) ? false : null;
  if (other.namespace !== here.namespace) return null;
  const status = statusOf(other.process);
  // /proc may hide the processes of other users (mount option hidepid).
  if (status === null) return exists(other.process) ? null : false;
  return status.started === other.started && !status.hasEnded;
}

const isSameMachine = (a: ProcessIdentity, b: ProcessIdentity): boolean =>
  a.host === b.host && a.machine !== null && a.machine === b.machine;

function exists(process_: number): boolean {
  try {
    return process.kill(process_, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** The states of a zombie or a process that is exiting. */
const ENDED: ReadonlySet<string> = new Set(['Z', 'X', 'x']);

/**
 * Parses /proc/PID/stat, see proc(5): `PID (NAME) STATE …`, start time in field 22. NAME may contain any characters.
 */
function statusOf(process: number): { readonly started: string; readonly hasEnded: boolean } | null {
  const text = textOf(`/proc/${process}/stat`);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' '); // from field 3 on
  const [state, started] = [fields?.[0], fields?.[19]];
  return state === undefined || started === undefined ? null : { started, hasEnded: ENDED.has(state) };
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim() || null;
  } catch {
    return null;
  }
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
