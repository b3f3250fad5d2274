import { MersenneTwister } from './mersenne-twister.js';

/** The part of the batches for one worker: batches `shard`, `shard + shards`, …. */
export interface Sharding {
  readonly shards: number;
  readonly shard: number;
}

/** How the batches of an epoch are ordered and divided. */
export interface EpochIteratorOptions {
  /** Epoch e is shuffled with `seed + e`. */
  readonly seed: number;
  readonly sharding?: Sharding;
  /**
   * If above 0, batches keep their original order, short sentences first. fairseq intends this only for the first
   * `curriculum` epochs, but decides only once, when the first epoch starts; we do the same.
   */
  readonly curriculum?: number;
}

/** The state of fairseq's iterator, as stored in a checkpoint. */
export interface EpochState {
  /** Counted from 1. */
  readonly epoch: number;
  /** The number of batches of this epoch and shard that were yielded. */
  readonly iterationsInEpoch: number;
  readonly shuffle: boolean;
}

/** Whether a value read from a file is a valid state. */
export function isEpochState(value: unknown): value is EpochState {
  if (typeof value !== 'object' || value === null) return false;
  const { epoch, iterationsInEpoch, shuffle } = value as Readonly<Record<string, unknown>>;
  const isCount = (number: unknown, least: number): boolean =>
    Number.isSafeInteger(number) && (number as number) >= least;
  return isCount(epoch, 1) && isCount(iterationsInEpoch, 0) && typeof shuffle === 'boolean';
}

const UNSHARDED: Sharding = { shards: 1, shard: 0 };

/** The batches in the order of one epoch: `numpy.random.shuffle` seeded with `seed + epoch`. */
export function shuffleBatches<T>(batches: readonly T[], seed: number, epoch: number): T[] {
  return new MersenneTwister(seed + epoch).shuffle([...batches]);
}

/**
 * The batches of one shard. Shards may differ in length by one batch; fairseq pads shorter ones with an empty batch.
 */
export function shardBatches<T>(batches: readonly T[], { shards, shard }: Sharding): T[] {
  return batches.filter((_, index) => index % shards === shard);
}

/**
 * Iterates over the same batches in every epoch, in an order that depends only on the seed and the epoch. An iterator
 * created from a saved state continues exactly where the saved one stopped.
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
    { seed, sharding = UNSHARDED, curriculum = 0 }: EpochIteratorOptions,
    state?: EpochState,
  ) {
    this.#batches = batches;
    this.#seed = seed;
    this.#sharding = sharding;
    this.#shuffle = state?.shuffle ?? curriculum === 0;
    this.#epoch = state?.epoch ?? 1;
    this.#consumed = state?.iterationsInEpoch ?? 0;
  }

  /** The epoch that `updates` iterates over or has just finished, counted from 1. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The number of batches of this shard per epoch. */
  get batchesPerEpoch(): number {
    const { shards, shard } = this.#sharding;
    return Math.max(0, Math.ceil((this.#batches.length - shard) / shards));
  }

  /** The number of batches yielded in this epoch. */
  get iterationsInEpoch(): number {
    return this.#consumed;
  }

  get endOfEpoch(): boolean {
    return this.#consumed >= this.batchesPerEpoch;
  }

  /** The number of updates per epoch. The last may have fewer batches than the others. */
  updatesPerEpoch(updateFrequency = 1): number {
    return Math.ceil(this.batchesPerEpoch / updateFrequency);
  }

  /**
   * Yields the rest of this epoch, or the next epoch after its end, in groups of `updateFrequency` batches per update.
   * During an update, `state()` counts the batches of that update as done.
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

  /** The state to save. At the end of an epoch, it is the start of the next. */
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
