import { vi } from 'vitest';
import { main } from '../../src/cli/main.js';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line in this process: `ts-fairseq …`. */
export async function runMain(...argv: string[]): Promise<CommandResult> {
  const written = { stdout: '', stderr: '' };
  const record = (stream: 'stdout' | 'stderr') =>
    vi.spyOn(process[stream], 'write').mockImplementation((chunk) => {
      written[stream] += String(chunk);
      return true;
    });
  const spies = [record('stdout'), record('stderr')];
  try {
    const code = await main(argv);
    return { code, ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
