import { setImmediate } from 'node:timers/promises';
import { MOST_THREADS } from '../../options/most-threads.js';
import { readTextBlocks } from '../../text/lines.js';
import { WorkerPool } from '../../threads/worker-pool.js';
import { type BlockFilter, filterBlocks, writeFiltered } from './filter-lines.js';
import { createFilter, type FilterWork } from './filter-work.js';

/** The option `--threads` of commands that filter lines. */
export const threadsOption = {
  kind: 'int',
  default: 1,
  min: 1,
  max: MOST_THREADS,
  help: 'divide the lines among N threads',
} as const;

/**
 * Bytes that this thread filters before it starts others. Starting a thread takes a tenth of a second of processor
 * time. apply-bpe then filters a block about as fast as a block can be sent to a thread and back.
 */
const ALONE_BYTES: Readonly<Record<FilterWork['command'], number>> = { tokenize: 1 << 22, 'apply-bpe': 1 << 25 };
/** Blocks are joined up to this many bytes for another thread. */
const SHARE_BYTES = 1 << 18;
/** The maximum number of results that wait for a share of another thread. */
const MAX_WAITING = 64;

/**
 * Like `filterBlocks`, but in `threads` threads including this one. Each thread has its own filter. The output does not
 * depend on the number of threads. This thread alone filters a short text.
 * @throws UserError for invalid options of the filter
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

/** The output for a share or a block, which may be pending. */
interface Result {
  readonly bytes: Promise<Uint8Array> | Uint8Array;
  isReady: boolean;
}

/**
 * Yields the output for blocks in their order. If reading or filtering fails, the output before the failure comes
 * first.
 */
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
    const result = { bytes, isReady: false };
    results.push(result);
    const settle = (): void => {
      busy -= 1;
      result.isReady = true;
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
      else results.push({ bytes: new Uint8Array(filter(block)), isReady: true });
      await setImmediate(); // lets messages of other threads arrive
      while (results[0]?.isReady || results.length > MAX_WAITING) yield await results.shift()!.bytes;
    }
  } catch (error) {
    failure = { error };
  }
  for (const { bytes } of results) yield await bytes;
  if (failure !== null) throw failure.error;
}

/** Joins copies of blocks into a share. If reading fails, the blocks before the failure are still handed over. */
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
