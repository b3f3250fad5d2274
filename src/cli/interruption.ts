import { log } from '../log.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Runs work that a first SIGINT or SIGTERM asks to end well; a second one kills the process as usual. When the work has
 * ended so, the process dies of the signal after all: its shell then knows that what follows is not to run.
 */
export async function untilInterrupted(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  let received: NodeJS.Signals | null = null;
  const interrupt = (signal: NodeJS.Signals): void => {
    received = signal;
    stopListening();
    log.warning(`${signal}: stopping after this update; a second one stops at once and saves nothing`);
    controller.abort();
  };
  const stopListening = (): void => {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  try {
    await work(controller.signal);
  } finally {
    stopListening();
  }
  if (received !== null) process.kill(process.pid, received);
}
