const STATE_WORDS = 624;
const SHIFT_WORDS = 397;
const TWIST = 0x9908b0df;

/**
 * NumPy's legacy generator, `numpy.random.RandomState(seed)`: MT19937 (Matsumoto & Nishimura 1998) with the shuffles
 * that fairseq uses, bit for bit.
 */
export class MersenneTwister {
  readonly #state = new Uint32Array(STATE_WORDS);
  #position = STATE_WORDS;

  /** @param seed an integer in [0, 2³²), as for `numpy.random.seed` */
  constructor(seed: number) {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
      throw new RangeError(`a seed must be an integer from 0 to 4294967295, not ${seed}`);
    }
    // init_genrand: s[i] = 1812433253 · (s[i−1] ⊕ s[i−1] ≫ 30) + i
    let word = seed >>> 0;
    for (let index = 0; index < STATE_WORDS; index++) {
      this.#state[index] = word;
      word = (Math.imul(1812433253, word ^ (word >>> 30)) + index + 1) >>> 0;
    }
  }

  /** Python's `random.seed(seed)` for an integer in [0, 2³²): the generator keyed by one word (init_by_array). */
  static seededAsPython(seed: number): MersenneTwister {
    const generator = new MersenneTwister(seed);
    generator.#mixKey(seed >>> 0);
    return generator;
  }

  #mixKey(key: number): void {
    const state = this.#state;
    state.set(new MersenneTwister(19650218).#state);
    const spread = (index: number, factor: number): number => {
      const previous = state[index - 1]!;
      return state[index]! ^ Math.imul(previous ^ (previous >>> 30), factor);
    };
    let index = 1;
    const advance = (): void => {
      index += 1;
      if (index < STATE_WORDS) return;
      state[0] = state[STATE_WORDS - 1]!;
      index = 1;
    };
    for (let step = 0; step < STATE_WORDS; step++) {
      state[index] = spread(index, 1664525) + key;
      advance();
    }
    for (let step = 1; step < STATE_WORDS; step++) {
      state[index] = spread(index, 1566083941) - index;
      advance();
    }
    state[0] = 0x80000000;
  }

  /** Python's `random.random()`: 53 bits, uniform in [0, 1). */
  random(): number {
    const high = this.nextUint32() >>> 5;
    const low = this.nextUint32() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** The next 32 random bits, an integer in [0, 2³²). */
  nextUint32(): number {
    if (this.#position === STATE_WORDS) this.#regenerate();
    let word = this.#state[this.#position++]!;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    word ^= word >>> 18;
    return word >>> 0;
  }

  /** A uniform integer in [0, max], by rejection under the smallest mask 2ᵏ − 1 ≥ max. Draws nothing if max = 0. */
  interval(max: number): number {
    if (max === 0) return 0;
    const mask = 0xffffffff >>> Math.clz32(max);
    for (;;) {
      const value = (this.nextUint32() & mask) >>> 0;
      if (value <= max) return value;
    }
  }

  /** Shuffles in place, like `numpy.random.shuffle` with a list or a vector, and returns its argument. */
  shuffle<T extends unknown[] | Int32Array>(items: T): T {
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.interval(last);
      const item = items[last];
      items[last] = items[other];
      items[other] = item;
    }
    return items;
  }

  /** `numpy.random.permutation(count)`: the integers 0 … count − 1, shuffled. */
  permutation(count: number): Int32Array {
    return this.shuffle(Int32Array.from({ length: count }, (_, index) => index));
  }

  #regenerate(): void {
    const state = this.#state;
    for (let index = 0; index < STATE_WORDS; index++) {
      const next = state[(index + 1) % STATE_WORDS]!;
      const joined = (state[index]! & 0x80000000) | (next & 0x7fffffff);
      const shifted = state[(index + SHIFT_WORDS) % STATE_WORDS]!;
      state[index] = shifted ^ (joined >>> 1) ^ (joined & 1 ? TWIST : 0);
    }
    this.#position = 0;
  }
}
