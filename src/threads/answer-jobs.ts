/** The part of `WorkerPool` that runs in its threads. */
import { parentPort } from 'node:worker_threads';
import { UserError } from '../errors.js';

/** A message from a worker thread about its job. */
export type WorkerAnswer<Result> =
  /** Progress since the last message, in the job's own unit. */
  | { readonly done: number }
  | { readonly result: Result }
  /** A UserError. Errors lose their class between threads, so its texts are sent. */
  | { readonly problem: string; readonly remedy: string }
  | { readonly error: unknown };

type Run<Job, Result> = (job: Job, onDone: (amount: number) => void) => Result | Promise<Result>;

/** Runs the jobs that this thread receives. */
export function answerJobs<Job, Result>(run: Run<Job, Result>): void {
  parentPort!.on('message', async (job: Job) => parentPort!.postMessage(await answer(run, job)));
}

async function answer<Job, Result>(run: Run<Job, Result>, job: Job): Promise<WorkerAnswer<Result>> {
  try {
    return { result: await run(job, (done) => parentPort!.postMessage({ done } satisfies WorkerAnswer<Result>)) };
  } catch (error) {
    return error instanceof UserError ? { problem: error.problem, remedy: error.remedy } : { error };
  }
}
