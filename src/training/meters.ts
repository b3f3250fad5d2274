/** Seconds of a clock that never goes back. */
export type Clock = () => number;

/** The monotonic clock of the process, in seconds. */
export const monotonicClock: Clock = () => performance.now() / 1000;

/** A weighted mean. What weighs nothing is only the latest value. (fairseq's AverageMeter.) */
export class AverageMeter {
  #latest: number | null = null;
  #sum = 0;
  #weight = 0;

  add(value: number, weight = 1): void {
    this.#latest = value;
    this.#sum += value * weight;
    this.#weight += weight;
  }

  /** null before the first value. */
  get value(): number | null {
    return this.#weight > 0 ? this.#sum / this.#weight : this.#latest;
  }

  /** Σ value · weight */
  get sum(): number {
    return this.#sum;
  }

  reset(): void {
    this.#latest = null;
    this.#sum = 0;
    this.#weight = 0;
  }

  get state(): readonly [latest: number | null, sum: number, weight: number] {
    return [this.#latest, this.#sum, this.#weight];
  }

  set state([latest, sum, weight]: readonly [latest: number | null, sum: number, weight: number]) {
    this.#latest = latest;
    this.#sum = sum;
    this.#weight = weight;
  }
}

/** So many a second. The first count ever only starts the clock, as in fairseq: its duration is not known. */
export class RateMeter {
  #count = 0;
  #start: number | null = null;

  constructor(readonly clock: Clock) {}

  add(count: number): void {
    if (this.#start === null) this.#start = this.clock();
    else this.#count += count;
  }

  /** null before the first count. */
  get value(): number | null {
    return this.#start === null ? null : this.#count / (this.clock() - this.#start);
  }

  /** Starts over from now. */
  reset(): void {
    this.#count = 0;
    if (this.#start !== null) this.#start = this.clock();
  }
}
