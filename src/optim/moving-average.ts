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
  #firstUpdate = 0; // after which the average began; 0: given weights

  constructor(
    readonly store: ParameterStore,
    readonly options: MovingAverageOptions,
  ) {}

  /** The average, float32 [size], an arena like `store.values`; null before it starts. */
  get values(): Float32Array | null {
    return this.#values;
  }

  /**
   * Starts the average as a copy of the weights, which must be on the host. The caller may fill the returned array with other
   * weights.
   */
  begin(): Float32Array {
    this.#values = Float32Array.from(this.store.values);
    return this.#values;
  }

  /** Whether the device updates the average, so that the host needs no weights. */
  get isOnDevice(): boolean {
    return this.store.device?.arenas?.updates !== undefined;
  }

  /**
   * Updates the average after an update of the weights, which must be on the host unless the average `isOnDevice`.
   * @param updates the number of completed updates, including this one
   * @returns the current decay
   */
  update(updates: number): number {
    const { emaDecay, emaStartUpdate, emaUpdateFreq } = this.options;
    const decay = updates < emaStartUpdate ? 0 : emaDecay;
    if (this.#values === null) this.#beginAfter(updates);
    if (updates % emaUpdateFreq === 0) this.#combine(decay);
    return decay;
  }

  /**
   * Forgets updates that the device has not applied, so that they changed no average.
   * @param updates the number of updates that it has applied
   */
  takeBack(updates: number): void {
    if (this.#values === null || this.#firstUpdate <= updates) return;
    this.dispose();
    this.#values = null;
  }

  /** Frees the device's copy. */
  dispose(): void {
    if (this.#values !== null) this.store.device?.arenas?.release([this.#values]);
  }

  #beginAfter(updates: number): void {
    if (this.isOnDevice) {
      this.#values = new Float32Array(this.store.values.length);
      this.#combine(0);
    } else {
      this.begin();
    }
    this.#firstUpdate = updates;
  }

  /** a ← d·a + (1−d)·p */
  #combine(decay: number): void {
    const average = this.#values!;
    const { values } = this.store;
    const onDevice = this.store.device?.arenas?.updates;
    if (onDevice !== undefined) {
      onDevice.average(average, values, decay);
      return;
    }
    for (let index = 0; index < average.length; index++) {
      average[index] = decay * average[index]! + (1 - decay) * values[index]!;
    }
  }
}
