import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { int, pointer } from '../src/launch.js';
import { buildEmulation, EmulatedDevice, inOrder, ORDERS } from './helpers/emulated.js';

describe('a kernel on the emulated driver', () => {
  let device: EmulatedDevice;

  beforeAll(() => {
    buildEmulation('softmax');
    device = new EmulatedDevice();
  });
  afterEach(() => device.dispose());

  const softmax = (x: Float32Array, columns: number): Float32Array => {
    const [from, to] = [device.upload(x), device.allocate(x.byteLength)];
    const kernel = device.modules.kernel('softmax', 'softmax_rows');
    device.launch(kernel, { grid: x.length / columns, block: 64 }, [pointer(from), pointer(to), int(columns)]);
    return device.floats(to, x.length);
  };

  test.each(ORDERS)('computes what float64 does when threads run %s', (order) => {
    for (const columns of [1, 31, 64, 100]) {
      const x = Float32Array.from({ length: 3 * columns }, (_, i) => 5 * Math.sin(i * i));
      const y = inOrder(order, () => softmax(x, columns));
      for (let row = 0; row < 3; row++) {
        const exponentials = Array.from(x.subarray(row * columns, (row + 1) * columns), Math.exp);
        const sum = exponentials.reduce((a, b) => a + b, 0);
        exponentials.forEach((value, i) => {
          expect(y[row * columns + i]).toBeCloseTo(value / sum, 6);
        });
      }
    }
  });
});
