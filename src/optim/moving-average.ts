import type { ParameterStore } from './parameter-store.js';

/** Options of the moving average of the weights. */
export interface MovingAverageOptions {
  readonly emaDecay: number;
  /** Up to this many updates the average is the weights themselves. */
  readonly emaStartUpdate: number;
  /** Updates from one step of the average to the next. */
  readonly emaUpdateFreq: number;
}

/**
 * An exponential moving average of a model's weights, as fairseq keeps it: it begins as the weights after the first
 * update (or as what it is given), then a ← d·a + (1−d)·p.
 */
export class MovingAverage {
  #values: Float32Array | null = null;

  constructor(
    readonly store: ParameterStore,
    readonly options: MovingAverageOptions,
  ) {}

  /** float32 [size], an arena beside the store's; null before it has begun. */
  get values(): Float32Array | null {
    return this.#values;
  }

  /** Begins with a copy of the weights; what is returned may be filled with others. */
  begin(): Float32Array {
    this.#values = Float32Array.from(this.store.values);
    return this.#values;
  }

  /**
   * Takes an update of the weights into account.
   * @param updates done, with this one
   * @returns the decay that it has by now
   */
  update(updates: number): number {
    const { emaDecay, emaStartUpdate, emaUpdateFreq } = this.options;
    const decay = updates < emaStartUpdate ? 0 : emaDecay;
    const average = this.#values ?? this.begin();
    if (updates % emaUpdateFreq !== 0) return decay;
    const { values } = this.store;
    for (let index = 0; index < average.length; index++) {
      average[index] = decay * average[index]! + (1 - decay) * values[index]!;
    }
    return decay;
  }
}
