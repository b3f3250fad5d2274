/** Milliseconds of computation after which the event loop gets a turn. */
const INTERVAL = 50;

/** Exists in Node only. A browser does not need it, because it has no signals. */
const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => unknown };

/**
 * Lets the event loop run at intervals. With a synchronous device, the search never leaves the microtask queue, so
 * signals and finalizers would wait.
 */
export class EventLoop {
  #last = performance.now();

  async turn(): Promise<void> {
    if (setImmediate === undefined || performance.now() - this.#last < INTERVAL) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#last = performance.now();
  }
}
