import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import { InternalError, UserError } from '../../errors.js';
import type { ByteRange } from './byte-range.js';
import { type CorpusJob, CorpusJobs, type EncodeJob } from './corpus-jobs.js';
import type { CorpusAnswer } from './corpus-worker.js';
import type { TokenCounts } from './count-tokens.js';
import type { EncodedPart } from './encode-text.js';

/** Does jobs in threads; with one worker in this thread, in the order they are given. */
export class CorpusPool {
  readonly #jobs = new CorpusJobs();
  readonly #idle: Worker[] = [];
  readonly #threads: Worker[] = [];
  readonly #waiting: ((thread: Worker) => void)[] = [];

  /** Is told of every block of text that has been read, by its length in bytes. */
  onRead: (bytes: number) => void = () => {};

  constructor(readonly workers: number) {}

  count(range: ByteRange): Promise<TokenCounts> {
    return this.#run({ kind: 'count', range }) as Promise<TokenCounts>;
  }

  encode(job: EncodeJob): Promise<EncodedPart> {
    return this.#run({ kind: 'encode', ...job }) as Promise<EncodedPart>;
  }

  /** Ends the threads, in the middle of their jobs too. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  async #run(job: CorpusJob): Promise<TokenCounts | EncodedPart> {
    if (this.workers === 1) return this.#jobs.run(job, this.onRead);
    const thread = await this.#borrow();
    try {
      thread.postMessage(job);
      for await (const [answer] of on(thread, 'message') as AsyncIterable<[CorpusAnswer]>) {
        if ('problem' in answer) throw new UserError(answer.problem, answer.remedy);
        if ('error' in answer) throw answer.error;
        if ('result' in answer) return answer.result;
        this.onRead(answer.bytesRead);
      }
      throw new InternalError('a thread of the corpus has ended without an answer');
    } finally {
      this.#giveBack(thread);
    }
  }

  #borrow(): Promise<Worker> | Worker {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#threads.length === this.workers) return new Promise((resolve) => this.#waiting.push(resolve));
    const thread = new Worker(new URL('./corpus-worker.js', import.meta.url));
    this.#threads.push(thread);
    return thread;
  }

  #giveBack(thread: Worker): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(thread);
    else next(thread);
  }
}
