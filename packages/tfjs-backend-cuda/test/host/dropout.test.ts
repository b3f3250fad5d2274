import { beforeAll, describe, expect, test } from 'vitest';
import { dropout } from '../../src/host/dropout.js';
import { DROPOUT, maskOf, SITES } from '../helpers/dropout.js';
import { buildEmulation } from '../helpers/emulated.js';
import { expectClose, expectRounded, inBothOrders, rounded, TestDevice, uniform } from '../helpers/kernels.js';

describe('dropout', () => {
  let device: TestDevice;

  beforeAll(() => {
    buildEmulation('dropout');
    device = new TestDevice();
  });

  const sizes = [
    [1, 1],
    [5, 7],
    [3, 64],
    [40, 130],
    [0, 4],
    [3, 0],
  ] as const;

  test.each(sizes)('has the mask of every other backend: [%i, %i]', (rows, columns) => {
    const x = new Float32Array(rows * columns).fill(1);
    const { y } = inBothOrders(device, () => {
      const y = device.allocate(x.byteLength);
      dropout(device, { x: device.upload(x), residual: null, y, rows, columns, ...DROPOUT });
      return { y: device.floats(y, x.length) };
    });
    expect(y).toEqual(maskOf(DROPOUT, rows, columns));
  });

  test.each(SITES)('adds a residual $title', ({ dropout: site }) => {
    for (const [rows, columns] of sizes) {
      const [x, residual] = [uniform(rows * columns, 1), uniform(rows * columns, 2)];
      const mask = maskOf(site, rows, columns);
      const { y } = inBothOrders(device, () => {
        const y = device.allocate(x.byteLength);
        dropout(device, { x: device.upload(x), residual: device.upload(residual), y, rows, columns, ...site });
        return { y: device.floats(y, x.length) };
      });
      const expected = Float64Array.from(x, (value, i) => residual[i]! + value * mask[i]!);
      expectClose(`y [${rows}, ${columns}]`, y!, expected);
    }
  });

  test.each([
    { x: 'float32', y: 'bfloat16' },
    { x: 'bfloat16', y: 'float32' },
    { x: 'bfloat16', y: 'bfloat16' },
  ] as const)('reads and writes tables that are stored as %j', (storage) => {
    for (const [rows, columns] of sizes) {
      const [x, residual] = [rounded(uniform(rows * columns, 1)), uniform(rows * columns, 2)];
      const mask = maskOf(DROPOUT, rows, columns);
      const { y } = inBothOrders(device, () => {
        const y = device.allocateTable(x.length, storage.y);
        const tables = { x: device.store(x, storage.x), residual: device.upload(residual), y };
        dropout(device, { ...tables, rows, columns, ...DROPOUT, storage });
        return { y: device.table(y, x.length, storage.y) };
      });
      const expected = Float64Array.from(x, (value, i) => residual[i]! + value * mask[i]!);
      (storage.y === 'bfloat16' ? expectRounded : expectClose)(`y [${rows}, ${columns}]`, y!, expected);
    }
  });
});
