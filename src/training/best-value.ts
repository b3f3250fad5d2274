/** The best value of a metric so far. */
export class BestValue {
  best: number | null;

  constructor(
    readonly maximize: boolean,
    best: number | null = null,
  ) {
    this.best = best;
  }

  /** Whether a value is better than the best one or, with `orEqual`, equal to it; never for NaN. */
  isBest(value: number, { orEqual }: { orEqual: boolean }): boolean {
    if (Number.isNaN(value)) return false;
    if (this.best === null || (orEqual && value === this.best)) return true;
    return this.maximize ? value > this.best : value < this.best;
  }

  offer(value: number): void {
    if (this.isBest(value, { orEqual: false })) this.best = value;
  }
}

/** Stops training after --patience validations in a row without a better value. */
export class EarlyStopping {
  readonly #value: BestValue;
  #validationsSince: number;

  /** @param patience 0 or less: never stops */
  constructor(
    readonly patience: number,
    maximize: boolean,
    state: { readonly best: number | null; readonly validationsSince: number } = { best: null, validationsSince: 0 },
  ) {
    this.#value = new BestValue(maximize, state.best);
    this.#validationsSince = state.validationsSince;
  }

  /** Records the value of a validation. */
  offer(value: number): void {
    const isBetter = this.#value.isBest(value, { orEqual: false });
    this.#value.offer(value);
    this.#validationsSince = isBetter ? 0 : this.#validationsSince + 1;
  }

  /** Whether training should stop. */
  get isOver(): boolean {
    return this.patience > 0 && this.#validationsSince >= this.patience;
  }

  get state(): { readonly best: number | null; readonly validationsSince: number } {
    return { best: this.#value.best, validationsSince: this.#validationsSince };
  }
}
