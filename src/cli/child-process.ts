import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';

/**
 * Starts `ts-fairseq` with other arguments, in a session of its own, so that a terminal's Ctrl-C does not reach it.
 * @param output the file descriptor for its output and its errors
 */
export function startCommand(argv: readonly string[], output: number): ChildProcess {
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, ...argv], {
    detached: true,
    stdio: ['ignore', output, output],
  });
  if (child.pid !== undefined) setSessionNiceness(child.pid, getPriority());
  return child;
}

/**
 * Gives the session of a process a niceness. Linux divides the processor among sessions first ("autogroup"), and a new
 * session starts at niceness 0, whatever the niceness of its processes is. Elsewhere this does nothing.
 */
export function setSessionNiceness(pid: number, niceness: number): void {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(niceness));
  } catch {
    // Without autogroups the niceness of the process counts.
  }
}
