import { philox4x32 } from '../ops/philox.js';
import type { Initializer } from '../optim/parameter-store.js';

/** The site in the Philox counter that stands for initialisation. Dropout sites count up from 0. */
const INITIALIZATION_SITE = 0xffffffff;

/** Returns a source of uniform numbers in [0, 1), which depend only on the seed. */
export function uniformSource(seed: number): () => number {
  const words = new Uint32Array(4);
  let index = 0;
  return () => {
    if ((index & 3) === 0) philox4x32([index >>> 2, 0, INITIALIZATION_SITE, 0], [seed >>> 0, 0], words);
    return words[index++ & 3]! / 0x1000000 / 0x100;
  };
}

/** Fills a parameter with zeros. */
export const zeros: Initializer = (values) => values.fill(0);
/** Fills a parameter with ones. */
export const ones: Initializer = (values) => values.fill(1);

/** The uniform distribution U(−bound, bound). */
export function uniform(bound: number): Initializer {
  return (values, _shape, random) => {
    for (let index = 0; index < values.length; index++) values[index] = (2 * random() - 1) * bound;
  };
}

/** Glorot and Bengio 2010: U(±gain · √(6 / (in + out))) for a weight [out, in]. */
export function xavierUniform(gain = 1): Initializer {
  return (values, shape, random) => {
    const [fanOut, fanIn] = shape as [number, number];
    uniform(gain * Math.sqrt(6 / (fanIn + fanOut)))(values, shape, random);
  };
}

/** N(0, deviation²) by the Box–Muller transform. Row `zeroRow` of a table, e.g. that of the padding symbol, is zero. */
export function normal(deviation: number, zeroRow: number | null = null): Initializer {
  return (values, shape, random) => {
    for (let index = 0; index < values.length; index += 2) {
      const radius = deviation * Math.sqrt(-2 * Math.log(1 - random()));
      const angle = 2 * Math.PI * random();
      values[index] = radius * Math.cos(angle);
      if (index + 1 < values.length) values[index + 1] = radius * Math.sin(angle);
    }
    if (zeroRow !== null) {
      const width = shape[1]!;
      values.fill(0, zeroRow * width, (zeroRow + 1) * width);
    }
  };
}
