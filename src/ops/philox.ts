import type { DropoutSpec } from './random.js';

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/** High 32 bits of the 64-bit product of two uint32. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = (middle & 0xffff) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

/** Philox4x32-10 (Salmon et al., SC 2011). Writes the four output words of one counter block to `out`. */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
  out: Uint32Array,
): void {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** Elements whose word of Philox is below this number are dropped. */
export const dropThreshold = (probability: number): number => Math.floor(probability * 0x100000000);

/** Whether each of `count` items, e.g. layers, is kept, by one number each from the stream of a dropout site. */
export function keptItems({ probability, seed, update, microBatch, site }: DropoutSpec, count: number): boolean[] {
  const threshold = dropThreshold(probability);
  const words = new Uint32Array(4);
  return Array.from({ length: count }, (_, element) => {
    philox4x32([element >>> 2, 0, site, microBatch], [seed, update], words);
    return words[element & 3]! >= threshold;
  });
}

/**
 * The multiplicative mask of a dropout site: 0 for dropped elements, 1 / (1 − probability) for others; float32
 * [rows × columns]. Each row starts at an element index that is a multiple of 4 (row stride ⌈columns / 4⌉ · 4), so that
 * a kernel can compute any row independently in whole blocks.
 */
export function dropoutMask(spec: DropoutSpec, rows: number, columns: number): Float32Array {
  const mask = new Float32Array(rows * columns);
  const threshold = dropThreshold(spec.probability);
  const scale = Math.fround(1 / (1 - spec.probability));
  const blocksPerRow = Math.ceil(columns / 4);
  const words = new Uint32Array(4);
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocksPerRow; block++) {
      const index = row * blocksPerRow + block; // element >> 2
      philox4x32(
        [index >>> 0, Math.floor(index / 0x100000000), spec.site, spec.microBatch],
        [spec.seed, spec.update],
        words,
      );
      const end = Math.min(4, columns - block * 4);
      for (let lane = 0; lane < end; lane++) {
        mask[row * columns + block * 4 + lane] = words[lane]! < threshold ? 0 : scale;
      }
    }
  }
  return mask;
}
