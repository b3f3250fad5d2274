import { log } from '../log.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Runs work that stops cleanly after the first SIGINT or SIGTERM; a second one kills the process at once. When the work has
 * ended, or has thrown the reason of its `AbortSignal`, the process kills itself with the signal, so that a shell does not
 * run the commands that follow.
 *
 * Signals that arrive during a computation are delivered in the event loop's next turn, one after the other. Two signals of
 * the same kind may be delivered as one: the kernel queues a blocked signal only once (signal(7)).
 */
export async function untilInterrupted(
  work: (signal: AbortSignal) => Promise<void>,
  warning: string | null = 'stopping after this update; a second signal stops at once and saves nothing',
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
    // Without a listener a second signal kills the process even during a computation. The listener is removed in the next
    // turn only, because the second signal may already be queued in this one.
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
