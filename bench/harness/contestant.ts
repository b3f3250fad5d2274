import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { ObservedUpdate } from './observed-training.js';
import { inRepository } from './paths.js';

/** A training run in a process of its own that makes an update when it is told to. */
export class Contestant {
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  #started = false;
  #errors = '';

  constructor(
    readonly name: string,
    command: readonly string[],
    threads: number,
  ) {
    const env = { ...process.env, OMP_NUM_THREADS: String(threads) };
    this.#process = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'pipe'], env });
    this.#process.stdin.on('error', () => {}); // it ended: `next` says so
    this.#process.stderr.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-2000);
    });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** The next update; the first call waits for the model to be built too. @param message for the run, on one line */
  async next(message = ''): Promise<ObservedUpdate> {
    if (this.#started) this.#process.stdin.write(`${message}\n`);
    this.#started = true;
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.name} ended early:\n${this.#errors}`);
    return JSON.parse(value) as ObservedUpdate;
  }

  stop(): void {
    this.#process.kill('SIGKILL'); // on SIGTERM it would save and wait for its turn
  }
}

/**
 * `ts-fairseq train` with the recipe of both models, and more flags.
 * @param emitBatches whether the updates have their batches
 */
export function training(
  name: string,
  data: string,
  flags: readonly string[],
  { threads, emitBatches = false }: { readonly threads: number; readonly emitBatches?: boolean },
): Contestant {
  const recipe = [
    ...['--dropout', '0.3', '--label-smoothing', '0.1', '--optimizer', 'adam', '--adam-betas', '(0.9, 0.98)'],
    ...['--clip-norm', '1', '--lr', '1e-4', '--lr-scheduler', 'inverse_sqrt', '--warmup-updates', '4000'],
    ...['--weight-decay', '1e-4', '--seed', '1', '--device', 'cpu', '--threads', String(threads)],
    ...['--no-save', '--disable-validation', '--log-format', 'simple', '--log-interval', '1'],
  ];
  const program = inRepository('dist/bench/harness/observed-training.js');
  return new Contestant(
    name,
    [process.execPath, program, ...(emitBatches ? ['--emit-batches'] : []), data, ...recipe, ...flags],
    threads,
  );
}
