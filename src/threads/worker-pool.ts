import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import { InternalError, UserError } from '../errors.js';
import type { WorkerAnswer } from './answer-jobs.js';

/** Does jobs, which are plain data, in threads that start when there is work for them. */
export class WorkerPool<Job, Result> {
  readonly #idle: Worker[] = [];
  readonly #threads: Worker[] = [];
  readonly #waiting: ((thread: Worker) => void)[] = [];

  /** Is told of what jobs have done on their way. */
  onDone: (amount: number) => void = () => {};

  /**
   * @param workers how many threads at most
   * @param script the module that they run, which calls `answerJobs`
   * @param workerData what every thread is given at its start
   */
  constructor(
    readonly workers: number,
    private readonly script: URL,
    private readonly workerData?: unknown,
  ) {}

  /** @throws whatever the job throws, a UserError as one */
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
      throw new InternalError('a thread has ended without an answer');
    } finally {
      this.#giveBack(thread);
    }
  }

  /** Ends the threads, in the middle of their jobs too. */
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

  #giveBack(thread: Worker): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(thread);
    else next(thread);
  }
}
