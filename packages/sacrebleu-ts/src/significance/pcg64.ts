import { seedWords } from './seed-sequence.js';

/** PCG's multiplier of 128 bits, as 16-bit digits, the lowest first: 0x2360ed051fc65da44385df649fccf645. */
const MULTIPLIER = [0xf645, 0x9fcc, 0xdf64, 0x4385, 0x5da4, 0x1fc6, 0xed05, 0x2360];
const DIGITS = 8;

/**
 * numpy's default generator, PCG64 (XSL-RR 128/64, M. O'Neill 2014), with the functions that sacrebleu uses:
 * `default_rng(seed).choice(n, size)` and `.integers(2, size, dtype=bool)`.
 */
export class Pcg64 {
  readonly #state = new Uint16Array(DIGITS); // 128 bits, the lowest digit first
  readonly #increment = new Uint16Array(DIGITS);
  readonly #product = new Float64Array(DIGITS);
  #high = 0; // the unused half of the last 64 bits
  #hasHigh = false;
  #bits = 0;
  #bitsLeft = 0;

  constructor(seed: bigint) {
    const words = seedWords(seed, 8);
    // The words are the initial state and the stream, each as two 64-bit halves, the higher half first.
    const state = digitsOf([words[2]!, words[3]!, words[0]!, words[1]!]);
    const stream = digitsOf([words[6]!, words[7]!, words[4]!, words[5]!]);
    for (let index = 0; index < DIGITS; index++) {
      // stream · 2 + 1
      this.#increment[index] = (stream[index]! << 1) | (index === 0 ? 1 : stream[index - 1]! >>> 15);
    }
    this.#step();
    let carry = 0;
    for (let index = 0; index < DIGITS; index++) {
      carry += this.#state[index]! + state[index]!;
      this.#state[index] = carry;
      carry >>>= 16;
    }
    this.#step();
  }

  /** An integer in 0 … bound − 1, for a bound up to 2³² (Lemire's method, without bias). */
  integer(bound: number): number {
    if (bound === 1) return 0;
    const threshold = 2 ** 32 % bound;
    for (;;) {
      const word = this.#next32();
      // word · bound, 64 bits: the higher half is the number, the lower half decides whether it is accepted.
      const low = Math.imul(word, bound) >>> 0;
      if (low >= threshold) return highWord(word, bound);
    }
  }

  /** A random boolean; uses the 32 bits of a word one after the other. */
  boolean(): boolean {
    if (this.#bitsLeft === 0) {
      this.#bits = this.#next32();
      this.#bitsLeft = 32;
    }
    const bit = this.#bits & 1;
    this.#bits >>>= 1;
    this.#bitsLeft--;
    return bit === 1;
  }

  /** 32 random bits: the lower half of 64 bits first, then the higher half. */
  #next32(): number {
    if (this.#hasHigh) {
      this.#hasHigh = false;
      return this.#high;
    }
    this.#step();
    const state = this.#state;
    // XORs the halves of the state, then rotates right by its six highest bits.
    const low = ((state[0]! ^ state[4]!) | ((state[1]! ^ state[5]!) << 16)) >>> 0;
    const high = ((state[2]! ^ state[6]!) | ((state[3]! ^ state[7]!) << 16)) >>> 0;
    const rotation = state[7]! >>> 10;
    const [a, b] = rotation < 32 ? [low, high] : [high, low];
    const shift = rotation & 31;
    this.#high = shift === 0 ? b : ((b >>> shift) | (a << (32 - shift))) >>> 0;
    this.#hasHigh = true;
    return shift === 0 ? a : ((a >>> shift) | (b << (32 - shift))) >>> 0;
  }

  /** state ← state · multiplier + increment, modulo 2¹²⁸. */
  #step(): void {
    const state = this.#state;
    const product = this.#product;
    for (let index = 0; index < DIGITS; index++) {
      let sum = this.#increment[index]!;
      for (let other = 0; other <= index; other++) sum += state[other]! * MULTIPLIER[index - other]!;
      product[index] = sum;
    }
    let carry = 0;
    for (let index = 0; index < DIGITS; index++) {
      const sum = product[index]! + carry;
      carry = Math.floor(sum / 65536);
      state[index] = sum - carry * 65536;
    }
  }
}

/** The higher 32 bits of a · b. */
function highWord(a: number, b: number): number {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = aHigh * bLow + Math.floor((aLow * bLow) / 65536);
  return aHigh * bHigh + Math.floor((middle + aLow * bHigh) / 65536);
}

function digitsOf(words: readonly number[]): number[] {
  return words.flatMap((word) => [word & 0xffff, word >>> 16]);
}
