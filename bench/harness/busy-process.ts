import { spawn } from 'node:child_process';

/** Runs `work` beside a process that uses one processor the whole time. */
export async function besideBusyProcess<T>(work: () => Promise<T>): Promise<T> {
  const busy = spawn(process.execPath, ['-e', 'for (;;);']);
  try {
    return await work();
  } finally {
    busy.kill('SIGKILL');
  }
}
