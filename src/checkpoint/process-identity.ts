import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Which process it is, among all processes of all hosts. Linux tells everything; elsewhere the fields that only Linux
 * knows are null.
 */
export interface ProcessIdentity {
  readonly host: string;
  /** /etc/machine-id: two hosts may have one name. Some containers have none. */
  readonly machine: string | null;
  /** Of the kernel: random, and new with every boot. */
  readonly boot: string | null;
  /** The PID namespace: a container cannot see the processes of another, and its process ids are its own. */
  readonly namespace: string | null;
  readonly process: number;
  /** When the process started, in clock ticks since boot: process ids are used again. */
  readonly started: string | null;
}

/** @param process an id in this process's PID namespace */
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

/** Whether a process still runs; null where that cannot be seen from here. */
export function isRunning(
  other: ProcessIdentity,
  here: ProcessIdentity = identityOfProcess(process.pid),
): boolean | null {
  if (other.boot === null || other.started === null || other.namespace === null) return null;
  if (other.boot !== here.boot) return isSameMachine(other, here) ? false : null;
  if (other.namespace !== here.namespace) return null;
  const status = statusOf(other.process);
  // /proc may be mounted so that it hides the processes of other users (hidepid).
  if (status === null) return isThere(other.process) ? null : false;
  return status.started === other.started && !status.hasEnded;
}

const isSameMachine = (a: ProcessIdentity, b: ProcessIdentity): boolean =>
  a.host === b.host && a.machine !== null && a.machine === b.machine;

function isThere(process_: number): boolean {
  try {
    return process.kill(process_, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** A zombie, or a process that is just going. */
const ENDED: ReadonlySet<string> = new Set(['Z', 'X', 'x']);

/** proc(5), /proc/PID/stat: `PID (NAME) STATE …`, the start as field 22; the name may hold anything. */
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
