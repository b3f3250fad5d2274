import { beforeAll, describe, expect, test } from 'vitest';
import type { Precision } from '../../src/host/host-device.js';
import { type EndOfRows, embedRows, endSublayer } from '../../src/host/search-rows.js';
import { buildEmulation } from '../helpers/emulated.js';
import { expectClose, inBothOrders, rounded, TestDevice, uniform } from '../helpers/kernels.js';

const EPSILON = 1e-5;
const SIZES = [
  [1, 4],
  [5, 7],
  [3, 130],
  [2, 1030], // more columns than threads take at once
] as const;

/** Which norms follow. */
const NORMS = [
  { title: 'no norm', norm: false, nextNorm: false },
  { title: 'a norm after the sum', norm: true, nextNorm: false },
  { title: 'a norm before the next sublayer', norm: false, nextNorm: true },
  { title: 'both norms', norm: true, nextNorm: true },
];

/** Layer normalisation of every row in float64. */
function normalized(x: Float64Array, columns: number, gain: Float32Array, bias: Float32Array): Float64Array {
  const y = new Float64Array(x.length);
  for (let first = 0; first < x.length; first += columns) {
    const row = [...x.subarray(first, first + columns)];
    const mean = row.reduce((a, b) => a + b, 0) / columns;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / columns;
    row.forEach((value, c) => {
      y[first + c] = ((value - mean) / Math.sqrt(variance + EPSILON)) * gain[c]! + bias[c]!;
    });
  }
  return y;
}

/** A row of operands as float32. */
function operandOf(device: TestDevice, address: number, size: number, precision: Precision): Float32Array {
  if (precision === 'float32') return device.floats(address, size);
  const halves = new Uint16Array(size);
  device.driver.download({ address, values: halves });
  return new Float32Array(Uint32Array.from(halves, (bits) => bits << 16).buffer);
}

describe.each(['float32', 'bfloat16'] as const)('rows of a search with operands in %s', (precision) => {
  let device: TestDevice;

  beforeAll(() => {
    buildEmulation('search-rows');
    device = new TestDevice();
  });

  /** Runs a kernel that ends rows; compares x and the operand with the row before its norms. */
  function check(
    [rows, columns]: readonly [number, number],
    norms: { readonly norm: boolean; readonly nextNorm: boolean },
    before: Float64Array,
    start: (end: EndOfRows) => void,
    x: Float32Array | null = null,
  ): void {
    const [gain, bias, nextGain, nextBias] = [11, 12, 13, 14].map((seed) => uniform(columns, seed)) as [
      ...[Float32Array, Float32Array, Float32Array, Float32Array],
    ];
    const size = rows * columns;
    const results = inBothOrders(device, () => {
      const xAddress = x === null ? device.allocate(4 * size) : device.upload(x);
      const operand = device.allocate((precision === 'float32' ? 4 : 2) * size);
      start({
        ...{ x: xAddress, operand, precision, rows, columns },
        norm: norms.norm ? { gain: device.upload(gain), bias: device.upload(bias) } : null,
        nextNorm: norms.nextNorm ? { gain: device.upload(nextGain), bias: device.upload(nextBias) } : null,
      });
      return { x: device.floats(xAddress, size), operand: operandOf(device, operand, size, precision) };
    });
    const expectedX = norms.norm ? normalized(before, columns, gain, bias) : before;
    const expected = norms.nextNorm ? normalized(expectedX, columns, nextGain, nextBias) : expectedX;
    expectClose(`x [${rows}, ${columns}]`, results.x!, expectedX, 4e-6);
    expectClose(`operand [${rows}, ${columns}]`, results.operand!, expected, precision === 'float32' ? 4e-6 : 3e-3);
    if (precision === 'bfloat16') expect(rounded(results.operand as Float32Array)).toEqual(results.operand);
  }

  describe.each(NORMS)('with $title', (norms) => {
    test.each([1, 3])('a sublayer ends with the sum of %i parts of its last product', (count) => {
      for (const [rows, columns] of SIZES) {
        const size = rows * columns;
        const [x, parts, sublayerBias] = [uniform(size, 1), uniform(count * size, 2), uniform(columns, 3)];
        const sums = Float64Array.from(x, (value, i) => {
          let sum = value + sublayerBias[i % columns]!;
          for (let part = 0; part < count; part++) sum += parts[part * size + i]!;
          return sum;
        });
        const start = (end: EndOfRows): void =>
          endSublayer(device, {
            ...end,
            parts: device.upload(parts),
            sublayerBias: device.upload(sublayerBias),
            count,
          });
        check([rows, columns], norms, sums, start, x);
      }
    });

    test.each([true, false])(
      'embeddings add the position to the scaled row of a token (a position each: %s)',
      (each) => {
        for (const [rows, columns] of SIZES) {
          const [tokens, places] = [uniform(9 * columns, 1), uniform(6 * columns, 2)];
          const ids = Int32Array.from({ length: rows }, (_, row) => (row * 5 + 8) % 9);
          const positions = Int32Array.from({ length: rows }, (_, row) => (each ? (row * 2) % 6 : 5));
          const sums = Float64Array.from({ length: rows * columns }, (_, i) => {
            const [row, column] = [Math.floor(i / columns), i % columns];
            return 3 * tokens[ids[row]! * columns + column]! + places[positions[row]! * columns + column]!;
          });
          check([rows, columns], norms, sums, (end) =>
            embedRows(device, {
              ...{ ...end, ids: device.upload(ids), tokens: device.upload(tokens), places: device.upload(places) },
              ...{ positions: each ? { each: device.upload(positions) } : { all: 5 }, scale: 3 },
            }),
          );
        }
      },
    );
  });

  test('without parts and an operand, only x is normalised', () => {
    const [x, gain, bias] = [uniform(20, 1), uniform(10, 2), uniform(10, 3)];
    const results = inBothOrders(device, () => {
      const address = device.upload(x);
      endSublayer(device, {
        ...{
          x: address,
          norm: { gain: device.upload(gain), bias: device.upload(bias) },
          nextNorm: null,
          operand: null,
        },
        ...{ precision, rows: 2, columns: 10, parts: 0, sublayerBias: 0, count: 0 },
      });
      return { x: device.floats(address, 20) };
    });
    expectClose('x', results.x!, normalized(Float64Array.from(x), 10, gain, bias), 4e-6);
  });
});

test('a row that does not fit into shared memory is refused', () => {
  const device = new TestDevice();
  const columns = device.sharedMemoryPerBlock;
  const end = { x: 0, norm: null, nextNorm: null, operand: null, precision: 'float32' as const, rows: 1, columns };
  expect(() => endSublayer(device, { ...end, parts: 0, sublayerBias: 0, count: 0 })).toThrow('shared memory');
});
