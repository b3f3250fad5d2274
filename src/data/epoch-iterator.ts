import { MersenneTwister } from './mersenne-twister.js';

/** Which part of the batches a worker takes: batches `shard`, `shard + shards`, …. */
export interface Sharding {
  readonly shards: number;
  readonly shard: number;
}

/** How the batches of an epoch are ordered and divided. */
export interface EpochIteratorOptions {
  /** Epoch e is shuffled with the seed `seed + e`. */
  readonly seed: number;
  readonly sharding?: Sharding;
  /**
   * More than 0: batches keep the order they were cut in, short sentences first. fairseq means to do so for the first
   * `curriculum` epochs only, but decides once, when its first epoch begins, and so do we.
   */
  readonly curriculum?: number;
}

/** fairseq's state of its iterator, as it goes into a checkpoint. */
export interface EpochState {
  /** 1-based. */
  readonly epoch: number;
  /** Batches of this epoch (of this shard) that were handed out. */
  readonly iterationsInEpoch: number;
  readonly shuffle: boolean;
}

/** Whether a value that was read from a file is such a state. */
export function isEpochState(value: unknown): value is EpochState {
  if (typeof value !== 'object' || value === null) return false;
  const { epoch, iterationsInEpoch, shuffle } = value as Readonly<Record<string, unknown>>;
  const isCount = (number: unknown, least: number): boolean =>
    Number.isSafeInteger(number) && (number as number) >= least;
  return isCount(epoch, 1) && isCount(iterationsInEpoch, 0) && typeof shuffle === 'boolean';
}

const WHOLE: Sharding = { shards: 1, shard: 0 };

/** The batches in the order of one epoch: `numpy.random.shuffle` seeded with `seed + epoch`. */
export function shuffleBatches<T>(batches: readonly T[], seed: number, epoch: number): T[] {
  return new MersenneTwister(seed + epoch).shuffle([...batches]);
}

/** One shard of the batches. Some are a batch shorter than others; fairseq fills those up with an empty one. */
export function shardBatches<T>(batches: readonly T[], { shards, shard }: Sharding): T[] {
  return batches.filter((_, index) => index % shards === shard);
}

/**
 * Goes over the same batches epoch after epoch, each time in another order that depends only on the seed and the epoch.
 * Its state is three numbers, and an iterator made from them goes on exactly where the other stopped.
 */
export class EpochIterator {
  readonly #batches: readonly Int32Array[];
  readonly #seed: number;
  readonly #sharding: Sharding;
  readonly #shuffle: boolean;
  #epoch: number;
  #consumed: number;

  constructor(
    batches: readonly Int32Array[],
    { seed, sharding = WHOLE, curriculum = 0 }: EpochIteratorOptions,
    state?: EpochState,
  ) {
    this.#batches = batches;
    this.#seed = seed;
    this.#sharding = sharding;
    this.#shuffle = state?.shuffle ?? curriculum === 0;
    this.#epoch = state?.epoch ?? 1;
    this.#consumed = state?.iterationsInEpoch ?? 0;
  }

  /** The epoch that `updates` goes over, or has just gone over to its end; 1-based. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Batches of one epoch of this shard. */
  get batchesPerEpoch(): number {
    const { shards, shard } = this.#sharding;
    return Math.max(0, Math.ceil((this.#batches.length - shard) / shards));
  }

  /** Batches handed out in this epoch. */
  get iterationsInEpoch(): number {
    return this.#consumed;
  }

  get endOfEpoch(): boolean {
    return this.#consumed >= this.batchesPerEpoch;
  }

  /** Updates in one epoch: the last may have fewer batches than the others. */
  updatesPerEpoch(updateFrequency = 1): number {
    return Math.ceil(this.batchesPerEpoch / updateFrequency);
  }

  /**
   * What remains of this epoch, or the next epoch after its end, `updateFrequency` batches an update. `state()` during
   * an update counts that update's batches as done.
   */
  *updates(updateFrequency = 1): Generator<Int32Array[], void, undefined> {
    if (this.endOfEpoch) {
      this.#epoch += 1;
      this.#consumed = 0;
    }
    const batches = this.#batchesOfEpoch();
    while (!this.endOfEpoch) {
      const group = batches.slice(this.#consumed, this.#consumed + updateFrequency);
      this.#consumed += group.length;
      yield group;
    }
  }

  /** At the end of an epoch this is the beginning of the next. */
  state(): EpochState {
    const shuffle = this.#shuffle;
    return this.endOfEpoch
      ? { epoch: this.#epoch + 1, iterationsInEpoch: 0, shuffle }
      : { epoch: this.#epoch, iterationsInEpoch: this.#consumed, shuffle };
  }

  #batchesOfEpoch(): Int32Array[] {
    const ordered = this.#shuffle ? shuffleBatches(this.#batches, this.#seed, this.#epoch) : this.#batches;
    return shardBatches(ordered, this.#sharding);
  }
}
