import { extendHistory } from '../host/decoding-attention.js';
import type { Address } from '../host/host-device.js';
import { bytesOf, type Model } from './row-pass.js';
import { GrowingMemory, type OwnedMemory } from './search-device.js';

/** Positions whose places are taken at once, for the hypotheses that there are then. */
const POSITIONS_OF_CHUNK = 16;

/** Positions of a history at first; it doubles. */
const FIRST_CAPACITY = 32;

/** Memory for the places of the next positions. */
interface Chunk {
  readonly rows: number;
  next: Address;
  left: number; // positions
}

/**
 * The keys and values of past tokens. They stay where a step wrote them, in a place for each row of the step; a history of
 * addresses for each hypothesis says which places it reads.
 */
export class Past {
  readonly #model: Model;
  readonly #memory: OwnedMemory;
  readonly #placeBytes: number;
  #history: GrowingMemory;
  #spare: GrowingMemory;
  #length = 0;
  #capacity = FIRST_CAPACITY;
  #chunk: Chunk = { rows: 0, next: 0, left: 0 };

  constructor(model: Model, memory: OwnedMemory) {
    const { embed, decoder } = model.sizes;
    this.#model = model;
    this.#memory = memory;
    this.#placeBytes = decoder.layers * 2 * embed * bytesOf(model.precision);
    this.#history = new GrowingMemory(memory);
    this.#spare = new GrowingMemory(memory);
  }

  /** The number of positions. */
  get length(): number {
    return this.#length;
  }

  /** Addresses of places, uint64 [rows, capacity]. */
  get history(): Address {
    return this.#history.address;
  }

  get capacity(): number {
    return this.#capacity;
  }

  /**
   * Adds a position. Row i continues the former row parents[i].
   * @param args.parents int32 [rows]
   * @param args.mostRows rows that later steps may have
   */
  extend(args: { readonly parents: Address; readonly rows: number; readonly mostRows: number }): void {
    const { parents, rows, mostRows } = args;
    const capacity = this.#length < this.#capacity ? this.#capacity : 2 * this.#capacity;
    const after = this.#spare.reserve(8 * mostRows * capacity);
    const places = this.#places(rows, mostRows);
    extendHistory(this.#model.device, {
      ...{ before: this.#history.address, after, parents, places, rows, length: this.#length },
      ...{ beforeCapacity: this.#capacity, capacity, placeBytes: this.#placeBytes },
    });
    [this.#history, this.#spare] = [this.#spare, this.#history];
    this.#capacity = capacity;
    this.#length += 1;
  }

  /** The first of `rows` new places. */
  #places(rows: number, mostRows: number): Address {
    if (this.#chunk.left === 0 || this.#chunk.rows < rows) {
      const next = this.#memory.take(POSITIONS_OF_CHUNK * mostRows * this.#placeBytes);
      this.#chunk = { rows: mostRows, next, left: POSITIONS_OF_CHUNK };
    }
    const places = this.#chunk.next;
    this.#chunk.next += this.#chunk.rows * this.#placeBytes;
    this.#chunk.left -= 1;
    return places;
  }
}
