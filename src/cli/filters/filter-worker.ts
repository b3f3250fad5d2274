/** A thread of `filterInThreads`: makes the filter that it is told and passes blocks through it. */
import { workerData } from 'node:worker_threads';
import { answerJobs } from '../../threads/answer-jobs.js';
import type { ApplyBpeOptions } from '../commands/apply-bpe.js';
import type { TokenizeOptions } from '../commands/tokenize.js';
import type { BlockFilter } from './filter-lines.js';

/** A filter and its options, as plain data. */
export type FilterWork =
  | { readonly command: 'tokenize'; readonly options: TokenizeOptions }
  | { readonly command: 'apply-bpe'; readonly options: ApplyBpeOptions };

async function filterFor(work: FilterWork): Promise<BlockFilter> {
  if (work.command === 'tokenize') return (await import('../commands/tokenize.js')).createTokenizeFilter(work.options);
  return (await import('../commands/apply-bpe.js')).createApplyBpeFilter(work.options);
}

const filter = filterFor(workerData as FilterWork);
answerJobs(async (block: Uint8Array) => {
  const { buffer, byteOffset, byteLength } = block;
  const filtered = (await filter)(Buffer.from(buffer, byteOffset, byteLength));
  return new Uint8Array(filtered); // a view would go over with all that lies behind it
});
