/** How a process joins the others. All ranks pass the same. */
export interface WorldOptions {
  /** Seconds that a rank waits for the others in one collective before the watchdog ends the job; 0 or less: no watchdog. */
  readonly heartbeatTimeout: number;
  /** Bytes of the longest single MPI message, at least 64; longer ones are split. Default and maximum: 2^31 − 2^16. */
  readonly maxMessageBytes?: number;
}

/**
 * The processes that `mpirun` started. Every method that returns a promise is collective: all ranks call it in the same order, each
 * after the promise of the one before is settled. A collective blocks the JavaScript thread until all ranks have taken part; handlers
 * of signals run after it.
 */
export interface World {
  /** The number of this process, from 0. */
  readonly rank: number;
  /** The number of processes. */
  readonly size: number;
  /** The number of this process among those of its machine, from 0. */
  readonly localRank: number;
  /** The number of processes on this machine. */
  readonly localSize: number;
  /** The name of this machine. */
  readonly hostName: string;
  /** The MPI library and its version: `Open MPI 4.1.4`. */
  readonly library: string;
  /** The bytes of every rank, in rank order. Lengths may differ and may be 0. */
  allGather(bytes: Uint8Array): Promise<Uint8Array[]>;
  /**
   * The slice of `values` that belongs to this rank (`sliceOf`) becomes the sum over all ranks. Each element is added in float32 in
   * rank order, beginning with rank 0's, so that the bits depend neither on the placement of the ranks nor on the size of messages. The
   * rest of `values` is unspecified afterwards.
   * @throws Error on all ranks if their lengths differ
   */
  sumSlices(values: Float32Array): Promise<void>;
  /** Completes `values` on all ranks: each contributes its own slice, in place. @throws Error on all ranks if their lengths differ */
  gatherSlices(values: Float32Array): Promise<void>;
  /** Like `gatherSlices`, but only rank 0 receives the slices of the others. */
  gatherSlicesAtRoot(values: Float32Array | Float64Array): Promise<void>;
  /** What the next collectives belong to, such as `update 12`; named in messages of the watchdog and in errors. */
  describe(where: string): void;
  /** Ends the processes of all ranks. @param code the exit status of the job, 1 to 255 */
  abort(code: number): never;
  /** Leaves MPI. Collective; a second call does nothing. */
  finalize(): Promise<void>;
}
