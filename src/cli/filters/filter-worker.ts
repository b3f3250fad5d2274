/** A thread of `filterInThreads`: passes blocks of lines through the filter that `workerData` describes. */
import { workerData } from 'node:worker_threads';
import { answerJobs } from '../../threads/answer-jobs.js';
import { createFilter, type FilterWork } from './filter-work.js';

const filter = createFilter(workerData as FilterWork);
answerJobs(async (block: Uint8Array) => {
  const { buffer, byteOffset, byteLength } = block;
  const filtered = (await filter)(Buffer.from(buffer, byteOffset, byteLength));
  return new Uint8Array(filtered); // a view would be sent with its whole buffer
});
