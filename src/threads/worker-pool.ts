import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import { InternalError, UserError } from '../errors.js';
import type { WorkerAnswer } from './answer-jobs.js';

/** Runs jobs, which are plain data, in threads. A thread starts when a job needs it. */
export class WorkerPool<Job, Result> {
  readonly #idle: Worker[] = [];
  readonly #threads: Worker[] = [];
  readonly #waiting: ((thread: Worker) => void)[] = [];

  /** Called with the progress of jobs. */
  onDone: (amount: number) => void = () => {};

  /**
   * @param workers the maximum number of threads
   * @param script the module that the threads run; it calls `answerJobs`
   * @param workerData passed to each thread when it starts
   */
  constructor(
    readonly workers: number,
    private readonly script: URL,
    private readonly workerData?: unknown,
  ) {}

  /** @throws what the job throws; a UserError stays a UserError */
  async run(job: Job): Promise<Result> {
    const thread = await this.#borrow();
    try {
      thread.postMessage(job);
      for await (const [answer] of on(thread, 'message') as AsyncIterable<[WorkerAnswer<Result>]>) {
        if ('problem' in answer) throw new UserError(answer.problem, answer.remedy);
        if ('error' in answer) throw answer.error;
        if ('result' in answer) return answer.result;
        this.onDone(answer.done);
      }
      throw new InternalError('a thread ended without an answer');
    } finally {
      this.#release(thread);
    }
  }

  /** Terminates the threads, even if they are running jobs. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  #borrow(): Promise<Worker> | Worker {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#threads.length === this.workers) return new Promise((resolve) => this.#waiting.push(resolve));
    const thread = new Worker(this.script, { workerData: this.workerData });
    this.#threads.push(thread);
    return thread;
  }

  #release(thread: Worker): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(thread);
    else next(thread);
  }
}
