import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { withSortedIds } from '../../src/host/radix-sort.js';
import { buildEmulation } from '../helpers/emulated.js';
import { inBothOrders, type Results, TestDevice } from '../helpers/kernels.js';

describe('the sort of tokens by their ids', () => {
  let device: TestDevice;

  beforeAll(() => {
    buildEmulation('radix-sort');
    device = new TestDevice();
  });
  afterEach(() => device.dispose());

  /** Sorts on the emulated GPU in both orders of threads, and on the host. */
  function expectSorted(ids: Int32Array, rows: number): void {
    const tokens = ids.length;
    const { sorted, order } = inBothOrders(device, () => {
      let results: Results = {};
      withSortedIds(device, { ids: device.upload(ids), tokens, rows }, (found) => {
        results = { sorted: device.integers(found.ids, tokens), order: device.integers(found.order, tokens) };
      });
      return results;
    });
    const key = (token: number): number => (ids[token]! < 0 || ids[token]! > rows ? rows : ids[token]!);
    const expected = Array.from(ids.keys()).sort((a, b) => key(a) - key(b)); // stable
    expect(order).toEqual(Int32Array.from(expected));
    expect(sorted).toEqual(Int32Array.from(expected, (token) => ids[token]!));
  }

  const scattered = (tokens: number, rows: number): Int32Array =>
    Int32Array.from({ length: tokens }, (_, i) => (Math.imul(i, 2654435761) >>> 8) % rows);

  // A tile has 256 tokens; 65,536 tokens are 256 tiles.
  test.each([1, 2, 255, 256, 257, 511, 512, 513, 1025, 65_537])('of %i tokens is stable', (tokens) => {
    expectSorted(scattered(tokens, 300), 300);
  });

  // Eight bits a pass: one, two and three passes.
  test.each([1, 255, 256, 65_535, 65_536, 2 ** 24])('for %i rows takes as many passes as needed', (rows) => {
    expectSorted(scattered(600, rows), rows);
  });

  test('leaves equal ids in their order', () => {
    expectSorted(new Int32Array(700).fill(1234), 4000);
  });

  test('has ids outside of the table at the end', () => {
    expectSorted(Int32Array.of(5, -1, 3, 9, 2 ** 31 - 1, 0, -(2 ** 31), 7), 7);
  });

  test('is the sort of the host', () => {
    const ids = fc.array(fc.integer({ min: -2, max: 70_000 }), { minLength: 1, maxLength: 600 });
    const law = fc.property(ids, fc.integer({ min: 1, max: 70_000 }), (values, rows) =>
      expectSorted(Int32Array.from(values), rows),
    );
    fc.assert(law, { numRuns: 20 });
  });
});
