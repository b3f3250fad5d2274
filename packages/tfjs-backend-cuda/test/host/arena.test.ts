import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { accumulate, adamStep, bfloat16Copy, scale, squaredNorm } from '../../src/host/arena.js';
import { buildEmulation } from '../helpers/emulated.js';
import { expectClose, inBothOrders, TestDevice, uniform } from '../helpers/kernels.js';

const SIZES = [1, 3, 1000, 8192, 20_001];
const SCALARS = { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, stepSize: 0.01, decay: 0.001 };

describe('arenas on the device', () => {
  let device: TestDevice;

  beforeAll(() => {
    buildEmulation('arena');
    device = new TestDevice();
  });
  afterEach(() => device.dispose());

  /** A part of an arena that starts at an address that is not a multiple of 16. */
  const unaligned = (values: Float32Array): number => device.upload(Float32Array.of(0, ...values)) + 4;

  function norm(x: Float32Array): { total: number; notFinite: number } {
    const [total, notFinite] = [device.allocate(8), device.allocate(4)];
    squaredNorm(device, { x: device.upload(x), size: x.length, total, notFinite });
    const values = new Float64Array(1);
    device.driver.download({ address: total, values });
    return { total: values[0]!, notFinite: device.integers(notFinite, 1)[0]! };
  }

  test('sum squares in float64', () => {
    for (const size of [0, ...SIZES]) {
      const x = uniform(size, size + 1);
      const expected = Array.from(x).reduce((sum, value) => sum + value * value, 0);
      const { total, notFinite } = norm(x);
      expect(total).toBeCloseTo(expected, 9);
      expect(notFinite).toBe(0);
    }
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('report %d in a gradient', (value) => {
    expect(norm(Float32Array.of(...uniform(9000), value)).notFinite).toBe(1);
  });

  test('are scaled, by a number on the device too, and added', () => {
    for (const size of SIZES) {
      const [x, y] = [uniform(size, 1), uniform(size, 2)];
      const results = inBothOrders(device, () => {
        const [scaled, sum] = [device.upload(x), unaligned(x)];
        const by = device.upload(Float32Array.of(0.5));
        scale(device, { x: scaled, size, factor: 3 });
        scale(device, { x: scaled, size, factor: 2, by });
        accumulate(device, { sum, x: device.upload(y), size });
        return { scaled: device.floats(scaled, size), sum: device.floats(sum, size) };
      });
      expect(results.scaled).toEqual(x.map((value) => Math.fround(3 * value)));
      expect(results.sum).toEqual(x.map((value, i) => value + y[i]!));
    }
  });

  test.each([
    { title: 'take a step of Adam', flag: 0 },
    { title: 'stay as they are after a gradient that is not finite', flag: 1 },
  ])('$title', ({ flag }) => {
    for (const size of SIZES) {
      const [p, g, m, v] = [1, 2, 3, 4].map((seed) => uniform(size, seed)) as Float32Array[];
      const second = v!.map(Math.abs);
      const results = inBothOrders(device, () => {
        const [values, firstMoment, secondMoment] = [p!, m!, second].map((array) => device.upload(array)) as number[];
        const notFinite = device.upload(Int32Array.of(flag));
        const arenas = { values: values!, gradients: unaligned(g!), firstMoment: firstMoment! };
        adamStep(device, { ...arenas, secondMoment: secondMoment!, size, notFinite, ...SCALARS });
        return {
          values: device.floats(values!, size),
          firstMoment: device.floats(firstMoment!, size),
          secondMoment: device.floats(secondMoment!, size),
        };
      });
      if (flag === 1) {
        expect(results).toEqual({ values: p, firstMoment: m, secondMoment: second });
        continue;
      }
      const { beta1, beta2, epsilon, stepSize, decay } = SCALARS;
      const first = Float64Array.from(m!, (value, i) => beta1 * value + (1 - beta1) * g![i]!);
      const squares = Float64Array.from(second, (value, i) => beta2 * value + (1 - beta2) * g![i]! ** 2);
      const stepped = Float64Array.from(
        p!,
        (value, i) => value - decay * value - (stepSize * first[i]!) / (Math.sqrt(squares[i]!) + epsilon),
      );
      expectClose('firstMoment', results.firstMoment!, first, 2e-7);
      expectClose('secondMoment', results.secondMoment!, squares, 2e-7);
      expectClose('values', results.values!, stepped, 2e-7);
    }
  });

  test('are copied to bfloat16, rounded to the nearest', () => {
    for (const size of SIZES) {
      const x = Float32Array.of(...uniform(size), 1 + 2 ** -8, 1 + 3 * 2 ** -8);
      const y = device.allocate(2 * x.length);
      bfloat16Copy(device, { x: device.upload(x), y, size: x.length });
      const values = new Uint16Array(x.length);
      device.driver.download({ address: y, values });
      const words = new Uint32Array(x.buffer);
      const rounded = Array.from(words, (word) => ((word + 0x7fff + ((word >>> 16) & 1)) >>> 16) & 0xffff);
      expect([...values]).toEqual(rounded);
    }
  });
});
