import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { Contestant } from './contestant.js';
import type { LoadReport } from './observed-load.js';
import { inRepository } from './paths.js';

/** `ts-fairseq serve` in a process of its own. */
export class ServedModel {
  private constructor(
    readonly port: number,
    readonly process: ChildProcessByStdio<null, null, Readable>,
  ) {}

  /** Starts a server, and waits until it listens. */
  static async start(
    folder: string,
    { threads, maxTokens }: { readonly threads: number; readonly maxTokens: number },
  ): Promise<ServedModel> {
    const flags = ['--port', '0', '--max-tokens', String(maxTokens), '--threads', String(threads)];
    const child = spawn(process.execPath, [inRepository('bin/ts-fairseq.js'), 'serve', folder, ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, OMP_NUM_THREADS: String(threads) },
    });
    const errors: string[] = [];
    for await (const line of createInterface({ input: child.stderr })) {
      const port = / at http:\/\/[^:]+:(\d+)$/u.exec(line)?.[1];
      if (port !== undefined) {
        child.stderr.resume();
        return new ServedModel(Number(port), child);
      }
      errors.push(line);
    }
    throw new Error(`ts-fairseq serve ended early:\n${errors.join('\n')}`);
  }

  /** Clients of this server, which send the texts of a file. */
  clients(file: string): Contestant<LoadReport> {
    const program = inRepository('dist/bench/harness/observed-load.js');
    return new Contestant('clients', [process.execPath, program, String(this.port), file], 1, { waits: true });
  }

  /** The resident memory, in bytes. */
  get residentBytes(): number {
    const status = readFileSync(`/proc/${this.process.pid}/status`, 'utf8');
    return 1024 * Number(/^VmRSS:\s+(\d+)/mu.exec(status)![1]);
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null) return;
    const ended = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    await ended;
  }
}
