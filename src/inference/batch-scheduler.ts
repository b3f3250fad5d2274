import { setImmediate } from 'node:timers/promises';

/** How calls are batched. */
export interface Batching<Line, Result> {
  /** Divides lines into batches. @returns indices of lines, a batch after the other */
  cut(lines: readonly Line[]): readonly Int32Array[];
  /** Computes the results of a batch, in its order. */
  compute(lines: readonly Line[]): Promise<readonly Result[]>;
}

/** How a call is run. */
export interface CallOptions {
  /** Cancels the call: its lines that are not being computed are dropped. */
  readonly signal?: AbortSignal;
  /** Called after each batch with the number of finished lines of the call. */
  readonly onProgress?: (done: number, total: number) => void;
}

interface Call<Line, Result> extends CallOptions {
  readonly lines: readonly Line[];
  readonly results: Result[];
  /** The number of finished lines. */
  done: number;
  /** Whether it was resolved, rejected or cancelled. */
  isSettled: boolean;
  settle(error?: unknown): void;
}

interface PendingLine<Line, Result> {
  readonly call: Call<Line, Result>;
  readonly index: number;
}

/**
 * Computes the lines of concurrent calls in common batches, one batch at a time. The next batch is one with a line of the call
 * that has had the fewest lines computed, so that a short call need not wait for a long one.
 */
export class BatchScheduler<Line, Result> {
  #pending: PendingLine<Line, Result>[] = [];
  /** The pending lines in batches; null if they have to be divided again. */
  #batches: PendingLine<Line, Result>[][] | null = null;
  /** Whether lines of settled calls may be pending. They are dropped together, before the next batch. */
  #hasSettledLines = false;
  /** Ends when no line is pending; null if none is. */
  #working: Promise<void> | null = null;

  constructor(private readonly batching: Batching<Line, Result>) {}

  /**
   * @returns the results of the lines, in their order
   * @throws what computing one of its batches throws, or the reason of the signal
   */
  async run(lines: readonly Line[], options: CallOptions = {}): Promise<Result[]> {
    options.signal?.throwIfAborted();
    if (lines.length === 0) return [];
    return new Promise((resolve, reject) => {
      const call: Call<Line, Result> = {
        ...options,
        lines,
        results: [],
        done: 0,
        isSettled: false,
        settle(error) {
          if (this.isSettled) return;
          this.isSettled = true;
          options.signal?.removeEventListener('abort', cancel);
          if (error === undefined) resolve(this.results);
          else reject(error as Error);
        },
      };
      const cancel = (): void => {
        call.settle(options.signal!.reason);
        this.#hasSettledLines = true;
      };
      options.signal?.addEventListener('abort', cancel);
      for (const index of lines.keys()) this.#pending.push({ call, index });
      this.#batches = null;
      this.#working ??= this.#work();
    });
  }

  /** Runs an action when no batch is being computed and no line is pending: now, or later. */
  async whenIdle(action: () => void): Promise<void> {
    while (this.#working !== null) await this.#working;
    action();
  }

  async #work(): Promise<void> {
    await Promise.resolve(); // calls of the same turn are batched together
    while (this.#hasPending()) {
      await this.#computeBatch(this.#takeBatch());
      // The results of this batch leave before the next one computes, and new calls join it.
      if (this.#hasPending()) await setImmediate();
    }
    this.#working = null;
  }

  /** Removes the batch to compute from the pending lines. */
  #takeBatch(): PendingLine<Line, Result>[] {
    this.#batches ??= this.#divide();
    const least = this.#pending.reduce(
      (best, { call }) => (call.done < best.done ? call : best),
      this.#pending[0]!.call,
    );
    const position = this.#batches.findIndex((batch) => batch.some(({ call }) => call === least));
    const [batch] = this.#batches.splice(position, 1);
    const taken = new Set(batch);
    this.#pending = this.#pending.filter((line) => !taken.has(line));
    return batch!;
  }

  #divide(): PendingLine<Line, Result>[][] {
    const pending = this.#pending;
    const lines = pending.map(({ call, index }) => call.lines[index]!);
    return this.batching.cut(lines).map((batch) => Array.from(batch, (index) => pending[index]!));
  }

  async #computeBatch(batch: readonly PendingLine<Line, Result>[]): Promise<void> {
    const calls = new Set(batch.map(({ call }) => call));
    try {
      const results = await this.batching.compute(batch.map(({ call, index }) => call.lines[index]!));
      for (const [row, { call, index }] of batch.entries()) {
        call.results[index] = results[row]!;
        call.done += 1;
      }
    } catch (error) {
      for (const call of calls) call.settle(error);
      this.#hasSettledLines = true;
      return;
    }
    for (const call of calls) {
      if (call.isSettled) continue;
      call.onProgress?.(call.done, call.lines.length);
      if (call.done === call.lines.length) call.settle();
    }
  }

  /** Whether lines are left, without those of calls that have failed or were cancelled. */
  #hasPending(): boolean {
    if (this.#hasSettledLines) {
      this.#hasSettledLines = false;
      this.#pending = this.#pending.filter(({ call }) => !call.isSettled);
      this.#batches = null;
    }
    return this.#pending.length > 0;
  }
}
