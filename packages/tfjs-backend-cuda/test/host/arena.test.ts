import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  accumulate,
  adamStep,
  bfloat16Copy,
  type GradientScaling,
  gradientFactor,
  movingAverage,
  scale,
  squaredNorm,
} from '../../src/host/arena.js';
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

  /** A float64 on the device. */
  const uploadDouble = (value: number): number => device.upload(new Uint8Array(Float64Array.of(value).buffer));

  test('sum squares in float64', () => {
    for (const size of [0, ...SIZES]) {
      const x = uniform(size, size + 1);
      const expected = Array.from(x).reduce((sum, value) => sum + value * value, 0);
      const total = device.allocate(8);
      squaredNorm(device, { x: device.upload(x), size, total });
      const values = new Float64Array(1);
      device.driver.download({ address: total, values });
      expect(values[0]).toBeCloseTo(expected, 9);
    }
  });

  /** The factor of a gradient, and the flag, which was `before`. */
  function factorOf(squared: number, losses: readonly number[], scaling: Partial<GradientScaling> = {}, before = 0) {
    const [factor, notFinite] = [device.allocate(4), device.upload(Int32Array.of(before))];
    const apart = Float32Array.from(losses.flatMap((loss) => [loss, Number.NaN]));
    gradientFactor(device, {
      ...{ samples: 7, limit: 0.1, epsilon: 1e-6, ...scaling },
      ...{ squaredNorm: uploadDouble(squared), losses: device.upload(apart), stride: 2, count: losses.length },
      ...{ factor, notFinite },
    });
    return { factor: device.floats(factor, 1)[0]!, notFinite: device.integers(notFinite, 1)[0]! };
  }

  test.each([
    { title: 'a norm above the limit', squared: 3.3, scaling: {}, expected: 0.1 / (Math.sqrt(3.3) / 7 + 1e-6) / 7 },
    { title: 'a norm below it', squared: 0.2, scaling: {}, expected: 1 / 7 },
    {
      title: 'a small norm and a large ε',
      squared: 0.2,
      scaling: { epsilon: 3 },
      expected: 0.1 / (Math.sqrt(0.2) / 7 + 3) / 7,
    },
    { title: 'no limit', squared: 3.3, scaling: { limit: 0 }, expected: 1 / 7 },
    { title: 'one sample', squared: 4e30, scaling: { samples: 1, limit: 25 }, expected: 25 / (2e15 + 1e-6) },
  ])('are scaled for $title by the factor that the host computes', ({ squared, scaling, expected }) => {
    expect(factorOf(squared, [1, -2], scaling)).toEqual({ factor: Math.fround(expected), notFinite: 0 });
  });

  test.each([
    { what: 'a squared norm of NaN', squared: Number.NaN, losses: [1], before: 0, flag: 1 },
    { what: 'an infinite squared norm', squared: Number.POSITIVE_INFINITY, losses: [1], before: 0, flag: 1 },
    { what: 'a loss of NaN', squared: 2, losses: [1, Number.NaN], before: 0, flag: 1 },
    { what: 'an infinite loss', squared: 2, losses: [Number.NEGATIVE_INFINITY, 1], before: 0, flag: 1 },
    { what: 'finite values after others', squared: 2, losses: [1, 1], before: 1, flag: 1 },
    { what: 'finite values', squared: 2, losses: [1, 1], before: 0, flag: 0 },
  ])('$what: the flag that stops updates is $flag', ({ squared, losses, before, flag }) => {
    expect(factorOf(squared, losses, {}, before).notFinite).toBe(flag);
  });

  test('keep a moving average, which the host would compute with the same bits', () => {
    for (const size of SIZES) {
      const [x, y] = [uniform(size, 1), uniform(size, 2)];
      const decay = 0.9999;
      const results = inBothOrders(device, () => {
        const [average, unchanged, values] = [device.upload(x), device.upload(x), unaligned(y)];
        movingAverage(device, { average, x: values, size, decay });
        const notFinite = device.upload(Int32Array.of(1));
        movingAverage(device, { average: unchanged, x: values, size, decay, notFinite });
        return { average: device.floats(average, size), unchanged: device.floats(unchanged, size) };
      });
      expect(results.average).toEqual(x.map((value, i) => decay * value + (1 - decay) * y[i]!));
      expect(results.unchanged).toEqual(x);
    }
  });

  test('are scaled, by a number on the device too, unless the flag is set, and added', () => {
    for (const size of SIZES) {
      const [x, y] = [uniform(size, 1), uniform(size, 2)];
      const results = inBothOrders(device, () => {
        const [scaled, sum] = [device.upload(x), unaligned(x)];
        const by = device.upload(Float32Array.of(0.5));
        scale(device, { x: scaled, size, factor: 3 });
        scale(device, { x: scaled, size, factor: 2, by, notFinite: device.upload(Int32Array.of(0)) });
        scale(device, { x: scaled, size, factor: 5, notFinite: device.upload(Int32Array.of(1)) });
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
