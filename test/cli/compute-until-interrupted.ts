import { setTimeout } from 'node:timers/promises';
import { untilInterrupted } from '../../src/cli/interruption.js';

// A process of its own for the test that interrupts it: it computes for a second, and after the first signal for a minute.
await untilInterrupted(async () => {
  process.stdout.write('computing\n');
  const end = performance.now() + 1000;
  while (performance.now() < end);
  await setTimeout(60_000);
}, null);
