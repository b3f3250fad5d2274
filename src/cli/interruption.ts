import { log } from '../log.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Runs work that a first SIGINT or SIGTERM asks to end well; a second one kills the process at once. When the work has
 * ended so, or thrown the reason of its `AbortSignal`, the process dies of the signal after all: its shell then knows that
 * what follows is not to run.
 *
 * Signals that come while the thread computes are delivered in the event loop's next turn, the first and the second one after
 * another. Two of the same name may be one: the kernel keeps a signal that every thread holds back once (signal(7)).
 */
export async function untilInterrupted(
  work: (signal: AbortSignal) => Promise<void>,
  warning: string | null = 'stopping after this update; a second one stops at once and saves nothing',
): Promise<void> {
  const controller = new AbortController();
  let received: NodeJS.Signals | null = null;
  const interrupt = (signal: NodeJS.Signals): void => {
    if (received !== null) {
      stopListening();
      process.kill(process.pid, signal);
      return;
    }
    received = signal;
    // Without a listener the system kills, also while the thread computes. But a second signal may be in this turn's queue
    // by now, and only a listener hears that.
    setImmediate(stopListening);
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
