/** The side of a `WorkerPool` that runs in its threads. */
import { parentPort } from 'node:worker_threads';
import { UserError } from '../errors.js';

/** A message from a worker thread about its job. */
export type WorkerAnswer<Result> =
  /** On the way: how much has been done since the last time, in the job's own unit. */
  | { readonly done: number }
  | { readonly result: Result }
  /** Errors lose their class between threads: a UserError comes as its texts. */
  | { readonly problem: string; readonly remedy: string }
  | { readonly error: unknown };

type Run<Job, Result> = (job: Job, onDone: (amount: number) => void) => Result | Promise<Result>;

/** Does the jobs that this thread is sent, one after another. */
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
