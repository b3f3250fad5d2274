import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { ObservedUpdate } from './observed-training.js';
import { inRepository } from './paths.js';

/** A process that runs an update, or another unit of work, on request and reports it in a line of JSON. */
export class Contestant<Report = ObservedUpdate> {
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  #started: boolean;
  #errors = '';

  /** @param waits whether the process also waits for a line before its first report */
  constructor(
    readonly name: string,
    command: readonly string[],
    threads: number,
    { waits = false }: { readonly waits?: boolean } = {},
  ) {
    this.#started = waits;
    const env = { ...process.env, OMP_NUM_THREADS: String(threads) };
    this.#process = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'pipe'], env });
    this.#process.stdin.on('error', () => {}); // it ended: `next` says so
    this.#process.stderr.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-2000);
    });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** Requests the next report; the first call also waits until the model is built. @param message one line for the process */
  async next(message = ''): Promise<Report> {
    if (this.#started) this.#process.stdin.write(`${message}\n`);
    this.#started = true;
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.name} ended early:\n${this.#errors}`);
    return JSON.parse(value) as Report;
  }

  stop(): void {
    this.#process.kill('SIGKILL'); // on SIGTERM it would save and wait for its turn
  }
}

/**
 * `ts-fairseq train` with the recipe of both models and further flags.
 * @param emitBatches whether reports contain the batches
 * @param project another compiled checkout to run
 */
export function training(
  name: string,
  data: string,
  flags: readonly string[],
  {
    threads,
    emitBatches = false,
    project = inRepository(''),
  }: { readonly threads: number; readonly emitBatches?: boolean; readonly project?: string },
): Contestant {
  const recipe = [
    ...['--dropout', '0.3', '--label-smoothing', '0.1', '--optimizer', 'adam', '--adam-betas', '(0.9, 0.98)'],
    ...['--clip-norm', '1', '--lr', '1e-4', '--lr-scheduler', 'inverse_sqrt', '--warmup-updates', '4000'],
    ...['--weight-decay', '1e-4', '--seed', '1', '--device', 'cpu', '--threads', String(threads)],
    ...['--no-save', '--disable-validation', '--log-format', 'simple', '--log-interval', '1'],
  ];
  const program = join(project, 'dist/bench/harness/observed-training.js');
  return new Contestant(
    name,
    [process.execPath, program, ...(emitBatches ? ['--emit-batches'] : []), data, ...recipe, ...flags],
    threads,
  );
}
