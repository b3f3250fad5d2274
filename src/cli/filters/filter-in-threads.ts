import { setImmediate } from 'node:timers/promises';
import { MOST_THREADS } from '../../options/most-threads.js';
import { readTextBlocks } from '../../text/lines.js';
import { WorkerPool } from '../../threads/worker-pool.js';
import { type BlockFilter, filterBlocks, writeFiltered } from './filter-lines.js';
import { createFilter, type FilterWork } from './filter-work.js';

/** `--threads` of the commands that filter lines in threads. */
export const threadsOption = {
  kind: 'int',
  default: 1,
  min: 1,
  max: MOST_THREADS,
  help: 'divide the lines among N threads',
} as const;

/**
 * Bytes that are done before other threads start: each takes a tenth of a second of processor time to load what it needs,
 * and what apply-bpe does then is as quick as to hand it over and back.
 */
const ALONE_BYTES: Readonly<Record<FilterWork['command'], number>> = { tokenize: 1 << 22, 'apply-bpe': 1 << 25 };
/** Blocks are gathered up to so many bytes for another thread. */
const SHARE_BYTES = 1 << 18;
/** What may wait for a share that another thread has. */
const MOST_WAITING = 64;

/**
 * Like `filterBlocks` in `threads` threads, this one and others with a filter of their own; the same bytes in the same
 * order. A short text is done here.
 *
 * @param create makes the filter, in this thread
 */
export async function filterInThreads(args: readonly string[], threads: number, work: FilterWork): Promise<void> {
  const filter = await createFilter(work); // throws for invalid options before anything is read
  if (threads === 1) return filterBlocks(args, filter);
  const [input = '-', output = '-'] = args;
  const script = new URL('./filter-worker.js', import.meta.url);
  const pool = new WorkerPool<Uint8Array, Uint8Array>(threads - 1, script, work);
  try {
    await writeFiltered(input, output, shared(readTextBlocks(input), filter, pool, ALONE_BYTES[work.command]));
  } finally {
    await pool.close();
  }
}

/** What comes of a share or a block, perhaps later. */
interface Result {
  readonly bytes: Promise<Uint8Array> | Uint8Array;
  isThere: boolean;
}

/** What comes of the blocks, in their order; an error after what comes of those before it. */
async function* shared(
  blocks: Generator<Buffer, void, undefined>,
  filter: BlockFilter,
  pool: WorkerPool<Uint8Array, Uint8Array>,
  aloneBytes: number,
): AsyncGenerator<Uint8Array> {
  const results: Result[] = [];
  let busy = 0;
  const handOver = (share: Uint8Array): void => {
    busy += 1;
    const bytes = pool.run(share);
    const result = { bytes, isThere: false };
    results.push(result);
    const settle = (): void => {
      busy -= 1;
      result.isThere = true;
    };
    bytes.then(settle, settle); // an error is thrown where the bytes are awaited
  };
  let failure: { readonly error: unknown } | null = null;
  try {
    let read = 0;
    for (const block of blocks) {
      read += block.length;
      if (read <= aloneBytes) yield filter(block);
      else if (busy < pool.workers) gather(blocks, block, handOver);
      else results.push({ bytes: new Uint8Array(filter(block)), isThere: true });
      await setImmediate(); // else this thread would not hear of the others
      while (results[0]?.isThere || results.length > MOST_WAITING) yield await results.shift()!.bytes;
    }
  } catch (error) {
    failure = { error };
  }
  for (const { bytes } of results) yield await bytes;
  if (failure !== null) throw failure.error;
}

/** Joins blocks to a share, which stays valid; what was read before an error goes over too. */
function gather(
  blocks: Generator<Buffer, void, undefined>,
  first: Buffer,
  handOver: (share: Uint8Array) => void,
): void {
  const parts = [Buffer.from(first)];
  let bytes = first.length;
  try {
    while (bytes < SHARE_BYTES) {
      const { value: block } = blocks.next();
      if (block === undefined) break;
      parts.push(Buffer.from(block));
      bytes += block.length;
    }
  } finally {
    handOver(Buffer.concat(parts));
  }
}
