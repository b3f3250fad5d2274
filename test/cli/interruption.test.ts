import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('compute-until-interrupted.ts', import.meta.url));

/** Starts work that hears nothing for a second, and then takes a minute to end well. */
async function startComputing() {
  const child = spawn('node', ['--import', 'jiti/register', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  return { child, ended };
}

describe('two signals while the thread computes', () => {
  it.each([
    ['SIGTERM', 'SIGTERM'],
    ['SIGINT', 'SIGINT'],
    ['SIGINT', 'SIGTERM'],
  ] as const)('%s and %s end the process without waiting for its work', async (first, second) => {
    const { child, ended } = await startComputing();
    child.kill(first);
    await setTimeout(50);
    child.kill(second);
    const [code, signal] = (await ended) as [number | null, string | null];
    expect(code).toBe(null);
    expect([first, second]).toContain(signal);
  });
});
