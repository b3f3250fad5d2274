import type { LateFigures, UpdateSequence } from '../ops/device-updates.js';
import { type LossValues, lossValues, type Reported, reportedTensors } from './batch-loss.js';
import type { UpdateReport } from './statistics.js';
import type { StartedUpdate } from './unread-updates.js';

/** Updates that a device applies before the host knows their figures, until one of them is not finite. */
export class LateUpdates {
  #failure: { readonly error: unknown } | null = null;
  #lastReport = 0; // performance.now()

  constructor(readonly sequence: UpdateSequence) {}

  /** @throws the error of the first update that was not finite */
  check(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  /**
   * The seconds of an update that is reported now: since it was started, or since the previous report if that was later. So
   * the sum is the time that passes, although updates overlap.
   */
  secondsSince(start: number): number {
    const since = Math.max(start, this.#lastReport);
    this.#lastReport = performance.now();
    return (this.#lastReport - since) / 1000;
  }

  /** Ends the sequence: the device applies none of the updates that were started since. */
  fail(error: unknown): void {
    this.#failure = { error };
    this.sequence.dispose();
  }
}

/** The figures of an update: the losses of each micro-batch, and Σ g² before scaling. */
export interface LateValues {
  readonly losses: readonly LossValues[];
  readonly squaredNorm: number;
}

/** An update in the queue of a device. */
export class LateUpdate implements StartedUpdate {
  /**
   * @param reported what the criterion reports of each micro-batch; the tensors are disposed
   * @param start when the update was started, `performance.now()`
   * @param toReport throws an error if the figures are not finite
   */
  constructor(
    readonly late: LateUpdates,
    readonly figures: LateFigures,
    readonly reported: readonly Reported[],
    readonly start: number,
    readonly toReport: (values: LateValues) => Omit<UpdateReport, 'seconds'>,
  ) {}

  get isReported(): boolean {
    return this.figures.isReady;
  }

  async report(): Promise<UpdateReport> {
    try {
      this.late.check();
      const report = this.toReport(await this.#values());
      return { ...report, seconds: this.late.secondsSince(this.start) };
    } finally {
      this.discard();
    }
  }

  discard(): void {
    this.figures.discard();
  }

  async #values(): Promise<LateValues> {
    const { squaredNorm, losses, others } = await this.figures.read();
    let first = 0;
    const ofMicroBatches = this.reported.map((output, microBatch) => {
      const end = first + reportedTensors(output).length;
      const values = lossValues(output, losses[microBatch]!, others.slice(first, end));
      first = end;
      return values;
    });
    return { losses: ofMicroBatches, squaredNorm };
  }
}
