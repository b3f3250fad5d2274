/** The side of a `WorkerPool` that runs in its threads. */
import { parentPort } from 'node:worker_threads';
import { UserError } from '../errors.js';

export type WorkerAnswer<Result> =
  | { readonly result: Result }
  /** Errors lose their class between threads: a UserError comes as its texts. */
  | { readonly problem: string; readonly remedy: string }
  | { readonly error: unknown };

/** Does the jobs that this thread is sent, one after another. */
export function answerJobs<Job, Result>(run: (job: Job) => Result | Promise<Result>): void {
  parentPort!.on('message', async (job: Job) => parentPort!.postMessage(await answer(run, job)));
}

async function answer<Job, Result>(
  run: (job: Job) => Result | Promise<Result>,
  job: Job,
): Promise<WorkerAnswer<Result>> {
  try {
    return { result: await run(job) };
  } catch (error) {
    return error instanceof UserError ? { problem: error.problem, remedy: error.remedy } : { error };
  }
}
