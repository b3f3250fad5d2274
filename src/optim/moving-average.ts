import type { ParameterStore } from './parameter-store.js';

/** The options of a moving average. */
export interface MovingAverageOptions {
  /** d, the decay per step of the average. */
  readonly emaDecay: number;
  /** Before this update the average equals the weights. */
  readonly emaStartUpdate: number;
  /** The number of updates between two steps of the average. */
  readonly emaUpdateFreq: number;
}

/**
 * An exponential moving average of a model's weights as in fairseq. It starts as the weights after the first update, or
 * as given weights, then a ← d·a + (1−d)·p.
 */
export class MovingAverage {
  #values: Float32Array | null = null;

  constructor(
    readonly store: ParameterStore,
    readonly options: MovingAverageOptions,
  ) {}

  /** The average, float32 [size], an arena like `store.values`; null before it starts. */
  get values(): Float32Array | null {
    return this.#values;
  }

  /** Starts the average as a copy of the weights. The caller may fill the returned array with other weights. */
  begin(): Float32Array {
    this.#values = Float32Array.from(this.store.values);
    return this.#values;
  }

  /**
   * Updates the average after an update of the weights, which must be on the host.
   * @param updates the number of completed updates, including this one
   * @returns the current decay
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
