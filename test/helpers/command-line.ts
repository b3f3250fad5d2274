import { vi } from 'vitest';
import { main } from '../../src/cli/main.js';

/** The result of a command, as a shell sees it. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `ts-fairseq …` in this process. Does not capture text that bypasses Node's streams (`-` as a file). */
export async function runCommandLine(argv: readonly string[]): Promise<Outcome> {
  const streams = [process.stdout, process.stderr].map((stream) => {
    const written: string[] = [];
    const spy = vi.spyOn(stream, 'write').mockImplementation((text) => {
      written.push(String(text));
      return true;
    });
    return { written, spy };
  });
  try {
    const code = await main(argv);
    const [stdout, stderr] = streams.map(({ written }) => written.join('')) as [string, string];
    return { code, stdout, stderr };
  } finally {
    for (const { spy } of streams) spy.mockRestore();
  }
}
