import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { inRepository } from './paths.js';

/** `ts-fairseq interactive` with a model folder, which answers one line after the other. */
export class InteractiveProcess {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  constructor(folder: string, threads: number) {
    const command = ['interactive', '--path', folder, '--threads', String(threads), '--log-format', 'none'];
    this.#process = spawn(process.execPath, [inRepository('bin/ts-fairseq.js'), ...command], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, OMP_NUM_THREADS: String(threads) },
    });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** The seconds from a line to the last line of its answer. */
  async answer(line: string): Promise<number> {
    const start = performance.now();
    this.#process.stdin.write(`${line}\n`);
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error('ts-fairseq interactive ended early');
      if (value.startsWith('P-')) return (performance.now() - start) / 1000;
    }
  }

  stop(): void {
    this.#process.kill('SIGKILL');
  }
}
