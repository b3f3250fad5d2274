import { readTextBlocks, writeBlocksAtomically } from '../text/lines.js';
import { WorkerPool } from '../threads/worker-pool.js';
import { type BlockFilter, filterBlocks } from './filter-lines.js';
import type { FilterWork } from './filter-worker.js';

/** Blocks are gathered up to so many bytes for a thread. */
const SHARE_BYTES = 1 << 18;
/** Shares that are read before the first of them is written, for each thread. */
const SHARES_AHEAD = 2;

/**
 * Like `filterBlocks` in `threads` threads, each with a filter of its own; the same bytes in the same order.
 * With one thread the work is done here.
 *
 * @param create makes the filter, in this thread
 */
export async function filterInThreads(
  args: readonly string[],
  threads: number,
  work: FilterWork,
  create: () => BlockFilter,
): Promise<void> {
  const filter = create(); // a mistake in the options shows before anything is read
  if (threads === 1) return filterBlocks(args, filter);
  const [input = '-', output = '-'] = args;
  const pool = new WorkerPool<Uint8Array, Uint8Array>(threads, new URL('./filter-worker.js', import.meta.url), work);
  try {
    await writeBlocksAtomically(output, inOrder(pool, shares(readTextBlocks(input))));
  } finally {
    await pool.close();
  }
}

/** What comes of the shares, in their order; an error after what comes of those before it. */
async function* inOrder(
  pool: WorkerPool<Uint8Array, Uint8Array>,
  shares: Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const pending: Promise<Uint8Array>[] = [];
  let failure: { readonly error: unknown } | null = null;
  try {
    for (const share of shares) {
      const result = pool.run(share);
      result.catch(() => {}); // thrown where it is awaited
      pending.push(result);
      if (pending.length === SHARES_AHEAD * pool.workers) yield await pending.shift()!;
    }
  } catch (error) {
    failure = { error };
  }
  for (const result of pending) yield await result;
  if (failure !== null) throw failure.error;
}

/** Blocks joined to larger ones, which stay valid; an error comes after what was read before it. */
function* shares(blocks: Iterable<Buffer>): Generator<Uint8Array> {
  let parts: Buffer[] = [];
  let bytes = 0;
  const joined = (): Uint8Array => {
    const share = Buffer.concat(parts);
    parts = [];
    bytes = 0;
    return share;
  };
  try {
    for (const block of blocks) {
      parts.push(Buffer.from(block));
      bytes += block.length;
      if (bytes >= SHARE_BYTES) yield joined();
    }
  } catch (error) {
    yield joined();
    throw error;
  }
  if (bytes > 0) yield joined();
}
