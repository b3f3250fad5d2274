import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { vocabularyTop } from '../../src/host/vocabulary-top.js';
import { buildEmulation } from '../helpers/emulated.js';
import { inBothOrders, TestDevice, uniform } from '../helpers/kernels.js';

interface Choice {
  readonly classes: number;
  readonly width: number;
  readonly temperature?: number;
  readonly penalties?: Float32Array | null;
}

describe('the most likely classes', () => {
  let device: TestDevice;

  beforeAll(() => {
    buildEmulation('vocabulary-top');
    device = new TestDevice();
  });
  afterEach(() => device.dispose());

  /** The table of the kernel: values and classes of each row. */
  function top(logits: Float32Array, { classes, width, temperature = 1, penalties = null }: Choice) {
    const rows = logits.length / classes;
    const { table } = inBothOrders(device, () => {
      const address = device.allocate(4 * rows * 2 * width);
      vocabularyTop(device, {
        ...{ logits: device.upload(logits), penalties: penalties && device.upload(penalties), table: address },
        ...{ rows, classes, width, temperature },
      });
      return { table: device.floats(address, rows * 2 * width) };
    });
    return Array.from({ length: rows }, (_, row) => ({
      values: [...table!.subarray(row * 2 * width, row * 2 * width + width)],
      classes: [...table!.subarray(row * 2 * width + width, (row + 1) * 2 * width)],
    }));
  }

  /** log p of a row in float64. */
  function logProbs(logits: Float32Array, temperature: number): number[] {
    const z = [...logits].map((logit) => logit / temperature);
    const most = Math.max(...z);
    const logSum = Math.log(z.reduce((sum, value) => sum + Math.exp(value - most), 0));
    return z.map((value) => value - most - logSum);
  }

  test.each([
    { classes: 1, width: 1 },
    { classes: 7, width: 7 },
    { classes: 45, width: 10, temperature: 0.7 },
    { classes: 1023, width: 12 },
    { classes: 1025, width: 2, temperature: 2 },
    { classes: 3001, width: 600 }, // more than a block has threads
    { classes: 9000, width: 40 },
  ])('of $classes are the $width largest of log p, best first', ({ classes, width, temperature = 1 }) => {
    const logits = uniform(3 * classes, 1).map((value) => 5 * value);
    for (const penalised of [false, true]) {
      const penalties = penalised
        ? Float32Array.from({ length: classes }, (_, i) => (i % 5 === 0 ? -30 : -0.25))
        : null;
      top(logits, { classes, width, temperature, penalties }).forEach((row, index) => {
        const values = logits.subarray(index * classes, (index + 1) * classes);
        const scores = logProbs(values, temperature).map((logProb, i) => logProb + (penalties?.[i] ?? 0));
        const order = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!).slice(0, width);
        row.values.forEach((value, place) => {
          expect(Math.abs(value - scores[order[place]!]!)).toBeLessThan(1e-5);
          expect(Math.abs(scores[row.classes[place]!]! - value)).toBeLessThan(1e-5);
        });
        expect(new Set(row.classes).size).toBe(width);
      });
    }
  });

  test('of equal values are in ascending order', () => {
    const law = fc.property(
      fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 1, maxLength: 1500 }),
      fc.nat(),
      (numbers, seed) => {
        const width = 1 + ((seed % numbers.length) % 40);
        const order = [...numbers.keys()].sort((a, b) => numbers[b]! - numbers[a]! || a - b);
        const [row] = top(Float32Array.from(numbers), { classes: numbers.length, width });
        expect(row!.classes).toEqual(order.slice(0, Math.min(width, numbers.length)));
      },
    );
    fc.assert(law, { numRuns: 25 });
  });

  test('keep the digits of a nearly certain class', () => {
    const [row] = top(Float32Array.of(-20, 0, -21), { classes: 3, width: 3 });
    const rest = Math.exp(-20) + Math.exp(-21);
    expect(row!.classes).toEqual([1, 0, 2]);
    expect(row!.values[0]! / -Math.log1p(rest)).toBeCloseTo(1, 6);
  });

  test('with log p −∞ come last, in ascending order, also after penalties', () => {
    const lowest = Number.NEGATIVE_INFINITY;
    const logits = Float32Array.of(lowest, 1, lowest, 2, 1);
    expect(top(logits, { classes: 5, width: 5 })[0]!.classes).toEqual([3, 1, 4, 0, 2]);
    const penalties = Float32Array.of(0, lowest, 0, lowest, 0);
    const [row] = top(logits, { classes: 5, width: 5, penalties });
    expect(row!.classes).toEqual([4, 0, 1, 2, 3]);
    expect(row!.values.slice(1)).toEqual([lowest, lowest, lowest, lowest]);
  });

  test('show NaN: one NaN makes every value of its row NaN, and no value of another row', () => {
    const logits = Float32Array.of(1, Number.NaN, 3, 1, 2, 3);
    const [damaged, sound] = top(logits, { classes: 3, width: 2 });
    expect(damaged!.values).toEqual([Number.NaN, Number.NaN]);
    expect(damaged!.classes).toEqual([2, 1]); // the CPU's order
    expect(sound!.classes).toEqual([2, 1]);
    expect(sound!.values.every(Number.isFinite)).toBe(true);
  });

  test.each([
    ['−∞ everywhere', [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY], 3],
    ['NaN everywhere', [Number.NaN, Number.NaN, Number.NaN], 3],
    ['∞ twice', [Number.POSITIVE_INFINITY, 0, Number.POSITIVE_INFINITY], 3],
  ])('of %s have no probability', (_, logits, width) => {
    const [row] = top(Float32Array.from(logits), { classes: 3, width });
    expect(row!.values.every(Number.isNaN)).toBe(true);
    expect([...row!.classes].sort()).toEqual([0, 1, 2]);
  });

  test('have the same bits whatever other rows there are', () => {
    const logits = uniform(4 * 500, 3);
    const together = top(logits, { classes: 500, width: 9, temperature: 1.3 });
    together.forEach((row, index) => {
      expect(top(logits.slice(index * 500, (index + 1) * 500), { classes: 500, width: 9, temperature: 1.3 })).toEqual([
        row,
      ]);
    });
  });
});
