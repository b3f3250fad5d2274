import { log } from '../log.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Runs work that a first SIGINT or SIGTERM asks to end well; a second one kills the process as usual. When the work has
 * ended so, or thrown the reason of its `AbortSignal`, the process dies of the signal after all: its shell then knows that
 * what follows is not to run.
 */
export async function untilInterrupted(
  work: (signal: AbortSignal) => Promise<void>,
  warning: string | null = 'stopping after this update; a second one stops at once and saves nothing',
): Promise<void> {
  const controller = new AbortController();
  let received: NodeJS.Signals | null = null;
  const interrupt = (signal: NodeJS.Signals): void => {
    received = signal;
    stopListening();
    if (warning !== null) log.warning(`${signal}: ${warning}`);
    controller.abort();
  };
  const stopListening = (): void => {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  try {
    await work(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted || error !== controller.signal.reason) throw error;
  } finally {
    stopListening();
  }
  if (received !== null) process.kill(process.pid, received);
}
