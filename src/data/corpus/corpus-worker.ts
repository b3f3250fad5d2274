/** A thread of `CorpusPool`: does the jobs it is sent, one after another. */
import { parentPort } from 'node:worker_threads';
import { UserError } from '../../errors.js';
import { type CorpusJob, CorpusJobs } from './corpus-jobs.js';

export type CorpusAnswer =
  /** On the way: the length of a block that has been read. */
  | { readonly bytesRead: number }
  | { readonly result: ReturnType<CorpusJobs['run']> }
  /** Errors lose their class between threads: a UserError comes as its texts. */
  | { readonly problem: string; readonly remedy: string }
  | { readonly error: unknown };

const jobs = new CorpusJobs();
parentPort!.on('message', (job: CorpusJob) => parentPort!.postMessage(answer(job)));

function answer(job: CorpusJob): CorpusAnswer {
  try {
    return { result: jobs.run(job, (bytesRead) => parentPort!.postMessage({ bytesRead })) };
  } catch (error) {
    return error instanceof UserError ? { problem: error.problem, remedy: error.remedy } : { error };
  }
}
