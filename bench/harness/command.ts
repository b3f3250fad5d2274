import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { CommandReport } from './observed-command.js';
import { inRepository } from './paths.js';

/** Runs a command of ts-fairseq in a separate process. @throws Error if it fails */
export async function runCommand(args: readonly string[], threads: number): Promise<CommandReport> {
  const child = fork(inRepository('dist/bench/harness/observed-command.js'), args, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, OMP_NUM_THREADS: String(threads) },
  });
  let report: CommandReport | null = null;
  let errors = '';
  child.on('message', (message) => {
    report = message as CommandReport;
  });
  child.stderr!.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-2000);
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0 || report === null) throw new Error(`ts-fairseq ${args.join(' ')} failed:\n${errors}`);
  return report;
}
