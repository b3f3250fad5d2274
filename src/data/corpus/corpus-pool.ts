import { WorkerPool } from '../../threads/worker-pool.js';
import type { Dictionary } from '../dictionary.js';
import type { ByteRange } from './byte-range.js';
import { type CorpusJob, CorpusJobs, type EncodeJob } from './corpus-jobs.js';
import type { TokenCounts } from './count-tokens.js';
import type { EncodedPart } from './encode-text.js';

type Result = TokenCounts | EncodedPart;

/** Does jobs in threads; with one worker in this thread, in the order they are given. */
export class CorpusPool {
  readonly #jobs = new CorpusJobs();
  readonly #pool: WorkerPool<CorpusJob, Result>;

  /** Is told of every block of text that has been read, by its length in bytes. */
  onRead: (bytes: number) => void = () => {};

  constructor(readonly workers: number) {
    this.#pool = new WorkerPool(workers, new URL('./corpus-worker.js', import.meta.url));
    this.#pool.onDone = (bytes) => this.onRead(bytes);
  }

  /** Spares reading the file of a dictionary again where this thread does the jobs. */
  know(path: string, dictionary: Dictionary): void {
    if (this.workers === 1) this.#jobs.know(path, dictionary);
  }

  count(range: ByteRange): Promise<TokenCounts> {
    return this.#run({ kind: 'count', range }) as Promise<TokenCounts>;
  }

  encode(job: EncodeJob): Promise<EncodedPart> {
    return this.#run({ kind: 'encode', ...job }) as Promise<EncodedPart>;
  }

  /** Ends the threads, in the middle of their jobs too. */
  close(): Promise<void> {
    return this.#pool.close();
  }

  async #run(job: CorpusJob): Promise<Result> {
    return this.workers === 1 ? this.#jobs.run(job, this.onRead) : this.#pool.run(job);
  }
}
