import { WorkerPool } from '../../threads/worker-pool.js';
import type { Dictionary } from '../dictionary.js';
import type { ByteRange } from './byte-range.js';
import { type CorpusJob, CorpusJobs, type EncodeJob } from './corpus-jobs.js';
import type { TokenCounts } from './count-tokens.js';
import type { EncodedPart } from './encode-text.js';

type Result = TokenCounts | EncodedPart;

/** Runs jobs in threads. With one worker, runs them in this thread, in order. */
export class CorpusPool {
  readonly #jobs = new CorpusJobs();
  readonly #pool: WorkerPool<CorpusJob, Result>;

  /** Called with the length in bytes of every block read. */
  onRead: (bytes: number) => void = () => {};

  constructor(readonly workers: number) {
    this.#pool = new WorkerPool(workers, new URL('./corpus-worker.js', import.meta.url));
    this.#pool.onDone = (bytes) => this.onRead(bytes);
  }

  /** Caches a dictionary if jobs run in this thread, so that its file need not be read again. */
  cacheDictionary(path: string, dictionary: Dictionary): void {
    if (this.workers === 1) this.#jobs.cacheDictionary(path, dictionary);
  }

  count(range: ByteRange): Promise<TokenCounts> {
    return this.#run({ kind: 'count', range }) as Promise<TokenCounts>;
  }

  encode(job: EncodeJob): Promise<EncodedPart> {
    return this.#run({ kind: 'encode', ...job }) as Promise<EncodedPart>;
  }

  /** Terminates the threads, even if they are running jobs. */
  close(): Promise<void> {
    return this.#pool.close();
  }

  async #run(job: CorpusJob): Promise<Result> {
    return this.workers === 1 ? this.#jobs.run(job, this.onRead) : this.#pool.run(job);
  }
}
