import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { embedding, scatterAdd } from '../../src/host/embedding.js';
import { buildEmulation } from '../helpers/emulated.js';
import { expectClose, inBothOrders, TestDevice, uniform } from '../helpers/kernels.js';

describe('embedding', () => {
  let device: TestDevice;

  beforeAll(() => {
    buildEmulation('embedding', 'radix-sort');
    device = new TestDevice();
  });
  afterEach(() => device.dispose());

  function embed(ids: Int32Array, positions: Int32Array, size: number): Float32Array {
    const y = device.allocate(4 * ids.length * size);
    embedding(device, {
      ...{ ids: device.upload(ids), weight: device.upload(uniform(9 * size, 1)), positions: device.upload(positions) },
      ...{ positionTable: device.upload(uniform(6 * size, 2)), y, tokens: ids.length, embed: size },
      ...{ vocab: 9, positionRows: 6, scale: 3 },
    });
    return device.floats(y, ids.length * size);
  }

  test.each([1, 6, 64, 130])('of %i columns adds the position to the scaled row of a token', (size) => {
    const [ids, positions] = [Int32Array.of(8, 0, 3, 3, 1), Int32Array.of(0, 1, 5, 2, 2)];
    const [weight, table] = [uniform(9 * size, 1), uniform(6 * size, 2)];
    const { y } = inBothOrders(device, () => ({ y: embed(ids, positions, size) }));
    const expected = Float64Array.from({ length: 5 * size }, (_, i) => {
      const [token, column] = [Math.floor(i / size), i % size];
      return 3 * weight[ids[token]! * size + column]! + table[positions[token]! * size + column]!;
    });
    expectClose('y', y!, expected);
  });

  test('of an index outside its table is NaN and reads nothing', () => {
    const y = embed(Int32Array.of(9, -1, 0, 0, 1), Int32Array.of(0, 0, 6, -1, 1), 4);
    expect([...y.subarray(0, 16)].every(Number.isNaN)).toBe(true);
    expect([...y.subarray(16)].some(Number.isNaN)).toBe(false);
  });

  /** The gradient of a table of 9 rows, and the same in float64. */
  function gradients(ids: readonly number[], size: number, accumulate: boolean) {
    const [dy, before] = [uniform(ids.length * size, 3), uniform(9 * size, 4)];
    const { table } = inBothOrders(device, () => {
      const table = device.upload(before);
      scatterAdd(device, {
        ...{ ids: device.upload(Int32Array.from(ids)), dy: device.upload(dy), table, tokens: ids.length, rows: 9 },
        ...{ embed: size, scale: 0.5, skip: 1, accumulate },
      });
      return { table: device.floats(table, before.length) };
    });
    const expected = Float64Array.from(before, (value) => (accumulate ? value : 0));
    ids.forEach((id, token) => {
      if (id === 1 || id < 0 || id > 8) return;
      for (let c = 0; c < size; c++) expected[id * size + c]! += 0.5 * dy[token * size + c]!;
    });
    return { table: table!, expected };
  }

  test('has a gradient that adds the tokens of an id', () => {
    const law = fc.property(
      fc.array(fc.integer({ min: -1, max: 9 }), { maxLength: 40 }),
      fc.integer({ min: 1, max: 140 }),
      fc.boolean(),
      (ids, size, accumulate) => {
        const { table, expected } = gradients(ids, size, accumulate);
        expectClose('table', table, expected);
      },
    );
    fc.assert(law, { numRuns: 30 });
  });

  test('adds the tokens of an id in their order', () => {
    const table = device.upload(new Float32Array(2));
    const dy = device.upload(Float32Array.of(1, 5, 1e8, -1e8));
    scatterAdd(device, {
      ...{ ids: device.upload(Int32Array.of(1, 0, 1, 1)), dy, table, tokens: 4, rows: 2, embed: 1 },
      ...{ scale: 1, skip: -1, accumulate: true },
    });
    expect([...device.floats(table, 2)]).toEqual([5, 0]); // (1 + 1e8) - 1e8 in float32
  });

  test('sorts more tokens than a block has threads', () => {
    const ids = Array.from({ length: 700 }, (_, i) => (i * i) % 9);
    const { table, expected } = gradients(ids, 5, true);
    expectClose('table', table, expected);
  });
});
