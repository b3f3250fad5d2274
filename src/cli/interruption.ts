const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Runs work that a first SIGINT or SIGTERM asks to end well; a second one kills the process as usual. */
export async function untilInterrupted(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const interrupt = (): void => {
    controller.abort();
    stopListening();
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
}
