import { beforeAll, describe, expect, test } from 'vitest';
import { linear, linearGrad } from '../../src/host/linear.js';
import { buildEmulation } from '../helpers/emulated.js';
import { expectClose, expectRounded, inBothOrders, matMul, rounded, TestDevice, uniform } from '../helpers/kernels.js';

describe('a linear layer', () => {
  let device: TestDevice;

  beforeAll(() => {
    buildEmulation('gemm-float32', 'gemm-bfloat16', 'arena', 'linear', 'column-sums');
    device = new TestDevice();
  });

  const cases = [
    { rows: 1, inputs: 1, outputs: 1 },
    { rows: 70, inputs: 33, outputs: 40 },
    { rows: 3, inputs: 64, outputs: 132 },
    { rows: 515, inputs: 4, outputs: 6 }, // split products, several parts of a bias gradient
    { rows: 0, inputs: 5, outputs: 7 },
  ].flatMap((sizes) => [
    { ...sizes, relu: false },
    { ...sizes, relu: true },
  ]);

  test.each(cases)('of $rows rows, $inputs inputs and $outputs outputs computes y (ReLU $relu)', (sizes) => {
    const { rows, inputs, outputs, relu } = sizes;
    const [x, weight, bias] = [uniform(rows * inputs, 1), uniform(outputs * inputs, 2), uniform(outputs, 3)];
    const { y } = inBothOrders(device, () => {
      const y = device.allocate(4 * rows * outputs);
      linear(device, { x: device.upload(x), weight: device.upload(weight), bias: device.upload(bias), y, ...sizes });
      return { y: device.floats(y, rows * outputs) };
    });
    const z = matMul(x, weight, [rows, outputs, inputs], { transposeB: true }).map((v, i) => v + bias[i % outputs]!);
    expectClose('y', y!, relu ? z.map((value) => Math.max(value, 0)) : z);
  });

  test.each(cases)('of $rows rows, $inputs inputs and $outputs outputs adds its gradients (ReLU $relu)', (sizes) => {
    const { rows, inputs, outputs, relu } = sizes;
    const [x, weight] = [uniform(rows * inputs, 1), uniform(outputs * inputs, 2)];
    const y = uniform(rows * outputs, 3).map((value) => Math.max(value, 0));
    const dy = uniform(rows * outputs, 4);
    for (const accumulate of [false, true]) {
      const before = { weight: uniform(outputs * inputs, 5), bias: uniform(outputs, 6) };
      const results = inBothOrders(device, () => {
        const dx = device.allocate(4 * x.length);
        const [dWeight, dBias] = [device.upload(before.weight), device.upload(before.bias)];
        linearGrad(device, {
          ...{ x: device.upload(x), weight: device.upload(weight), y: device.upload(y), dy: device.upload(dy) },
          ...{ dx, dWeight, dBias, ...sizes, accumulateWeight: accumulate, accumulateBias: accumulate },
        });
        return {
          dx: device.floats(dx, x.length),
          dWeight: device.floats(dWeight, weight.length),
          dBias: device.floats(dBias, outputs),
        };
      });
      const dz = Float64Array.from(dy, (value, i) => (relu && y[i]! === 0 ? 0 : value));
      const dWeight = matMul(dz, x, [outputs, inputs, rows], { transposeA: true });
      const dBias = new Float64Array(outputs);
      dz.forEach((value, i) => {
        dBias[i % outputs]! += value;
      });
      const from = (table: Float32Array, i: number): number => (accumulate ? table[i]! : 0);
      expectClose('dx', results.dx!, matMul(dz, weight, [rows, inputs, outputs]));
      expectClose(
        'dWeight',
        results.dWeight!,
        dWeight.map((value, i) => value + from(before.weight, i)),
      );
      expectClose(
        'dBias',
        results.dBias!,
        dBias.map((value, i) => value + from(before.bias, i)),
      );
    }
  });

  test('rounds what it multiplies to bfloat16 if it is told so, and nothing else', () => {
    const [rows, inputs, outputs] = [9, 24, 40];
    const [x, weight, bias] = [uniform(rows * inputs, 1), uniform(outputs * inputs, 2), uniform(outputs, 3)];
    const dy = uniform(rows * outputs, 4);
    const shape = { rows, inputs, outputs, relu: false };
    const bfloat16 = new TestDevice();
    bfloat16.precision = 'bfloat16';
    const results = inBothOrders(bfloat16, () => {
      const [y, dx] = [bfloat16.allocate(4 * rows * outputs), bfloat16.allocate(4 * x.length)];
      const [dWeight, dBias] = [bfloat16.allocate(4 * weight.length), bfloat16.allocate(4 * outputs)];
      const layer = { x: bfloat16.upload(x), weight: bfloat16.upload(weight), y, ...shape };
      linear(bfloat16, { ...layer, bias: bfloat16.upload(bias) });
      const gradients = { dy: bfloat16.upload(dy), dx, dWeight, dBias };
      linearGrad(bfloat16, { ...layer, ...gradients, accumulateWeight: false, accumulateBias: false });
      return {
        y: bfloat16.floats(y, rows * outputs),
        dx: bfloat16.floats(dx, x.length),
        dWeight: bfloat16.floats(dWeight, weight.length),
        dBias: bfloat16.floats(dBias, outputs),
      };
    });
    const [xs, weights, dys] = [rounded(x), rounded(weight), rounded(dy)];
    const y = matMul(xs, weights, [rows, outputs, inputs], { transposeB: true }).map((v, i) => v + bias[i % outputs]!);
    const dBias = new Float64Array(outputs);
    dy.forEach((value, i) => {
      dBias[i % outputs]! += value;
    });
    expectClose('y', results.y!, y);
    expectClose('dx', results.dx!, matMul(dys, weights, [rows, inputs, outputs]));
    expectClose('dWeight', results.dWeight!, matMul(dys, xs, [outputs, inputs, rows], { transposeA: true }));
    expectClose('dBias', results.dBias!, dBias);
  });

  test.each([{ relu: false }, { relu: true }])('takes and gives tables in bfloat16 (ReLU $relu)', ({ relu }) => {
    const bfloat16 = new TestDevice();
    bfloat16.precision = 'bfloat16';
    for (const [rows, inputs, outputs] of [
      [9, 24, 40],
      [515, 8, 6],
      [0, 8, 8],
      [33, 5, 7],
    ] as const) {
      for (const gradientStorage of ['float32', 'bfloat16'] as const) {
        const [x, weight] = [rounded(uniform(rows * inputs, 1)), rounded(uniform(outputs * inputs, 2))];
        const [bias, dy] = [uniform(outputs, 3), rounded(uniform(rows * outputs, 4))];
        const savedY = rounded(uniform(rows * outputs, 5));
        const shape = { rows, inputs, outputs, relu };
        const results = inBothOrders(bfloat16, () => {
          const [y, dx] = [rows * outputs, rows * inputs].map((size) => bfloat16.allocateTable(size, 'bfloat16'));
          const [dWeight, dBias] = [bfloat16.allocate(4 * weight.length), bfloat16.allocate(4 * outputs)];
          const tables = { x: bfloat16.store(x, 'bfloat16'), weight: bfloat16.store(weight, 'bfloat16') };
          const storage = { x: 'bfloat16', weight: 'bfloat16', y: 'bfloat16', dx: 'bfloat16' } as const;
          linear(bfloat16, { ...tables, bias: bfloat16.upload(bias), y: y!, ...shape, storage });
          linearGrad(bfloat16, {
            ...{ ...tables, y: bfloat16.store(savedY, gradientStorage), dy: bfloat16.store(dy, gradientStorage) },
            ...{ dx: dx!, dWeight, dBias, ...shape, accumulateWeight: false, accumulateBias: false },
            storage: { ...storage, dy: gradientStorage },
          });
          return {
            y: bfloat16.table(y!, rows * outputs, 'bfloat16'),
            dx: bfloat16.table(dx!, rows * inputs, 'bfloat16'),
            dWeight: bfloat16.floats(dWeight, weight.length),
            dBias: bfloat16.floats(dBias, outputs),
          };
        });
        const y = matMul(x, weight, [rows, outputs, inputs], { transposeB: true }).map(
          (v, i) => v + bias[i % outputs]!,
        );
        const dz = dy.map((value, i) => (relu && savedY[i]! <= 0 ? 0 : value));
        const dBias = new Float64Array(outputs);
        dz.forEach((value, i) => {
          dBias[i % outputs]! += value;
        });
        expectRounded('y', results.y!, relu ? y.map((value) => Math.max(value, 0)) : y);
        expectRounded('dx', results.dx!, matMul(dz, weight, [rows, inputs, outputs]));
        expectClose('dWeight', results.dWeight!, matMul(dz, x, [outputs, inputs, rows], { transposeA: true }));
        expectClose('dBias', results.dBias!, dBias);
      }
    }
  });

  test('keeps NaN of dy where y is positive and drops it elsewhere', () => {
    const { dx } = inBothOrders(device, () => {
      const dx = device.allocate(8);
      linearGrad(device, {
        ...{ x: device.upload(Float32Array.of(1, 1)), weight: device.upload(Float32Array.of(1)), dx },
        ...{ y: device.upload(Float32Array.of(0, 1)), dy: device.upload(Float32Array.of(Number.NaN, Number.NaN)) },
        ...{ dWeight: device.allocate(4), dBias: device.allocate(4), rows: 2, inputs: 1, outputs: 1, relu: true },
        ...{ accumulateWeight: false, accumulateBias: false },
      });
      return { dx: device.floats(dx, 2) };
    });
    expect([...dx!]).toEqual([0, Number.NaN]);
  });
});
