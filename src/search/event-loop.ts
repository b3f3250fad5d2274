/** Milliseconds of computing after which others get their turn. */
const INTERVAL = 50;

/** Node's; a browser needs none, as it has no signals. */
const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => unknown };

/**
 * Lets the event loop turn where it has not for a while: a device that answers at once never leaves the microtasks, and
 * signals and finalizers wait.
 */
export class EventLoop {
  #last = performance.now();

  async turn(): Promise<void> {
    if (setImmediate === undefined || performance.now() - this.#last < INTERVAL) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#last = performance.now();
  }
}
