import { beforeAll, describe, expect, test } from 'vitest';
import type { Storage } from '../../src/host/host-device.js';
import { layerNorm, layerNormGrad } from '../../src/host/layer-norm.js';
import { maskOf, SITES } from '../helpers/dropout.js';
import { buildEmulation } from '../helpers/emulated.js';
import { expectClose, expectRounded, inBothOrders, rounded, TestDevice, uniform } from '../helpers/kernels.js';

const EPSILON = 1e-5;
const SIZES = [
  [1, 4],
  [5, 7],
  [17, 64],
  [40, 130],
  [3, 5000], // a row takes more shared memory than blocks usually do
  [600, 3], // several rows in each part of the sums
] as const;

const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0) / values.length;

describe('layer normalisation', () => {
  let device: TestDevice;

  beforeAll(() => {
    buildEmulation('layer-norm', 'column-sums');
    device = new TestDevice();
  });

  const FLOAT32 = { x: 'float32', dy: 'float32' } as { x: Storage; dy: Storage };
  const cases = [
    ...SITES.flatMap(({ title, dropout }) => [
      { title: `of a sum ${title}`, dropout, hasResidual: true, storage: FLOAT32 },
      ...(dropout.probability === 0
        ? [{ title: 'without a residual', dropout, hasResidual: false, storage: FLOAT32 }]
        : []),
    ]),
    ...(['float32', 'bfloat16'] as const).flatMap((dy) => [
      {
        title: 'of a sum',
        dropout: SITES[1]!.dropout,
        hasResidual: true,
        storage: { x: 'bfloat16', dy } as typeof FLOAT32,
      },
      {
        title: 'without a residual',
        dropout: SITES[0]!.dropout,
        hasResidual: false,
        storage: { x: 'float32', dy } as typeof FLOAT32,
      },
    ]),
  ];

  test.each(cases)('$title agrees with float64, values and gradients, stored as $storage', (settings) => {
    const { dropout, hasResidual, storage } = settings;
    const random = (size: number, seed: number, stored: Storage): Float32Array =>
      stored === 'bfloat16' ? rounded(uniform(size, seed)) : uniform(size, seed);
    for (const [rows, columns] of storage === FLOAT32 ? SIZES : SIZES.slice(0, 4)) {
      const size = rows * columns;
      const [x, residual, dy] = [random(size, 1, storage.x), uniform(size, 2), random(size, 5, storage.dy)];
      const [gain, bias] = [uniform(columns, 3), uniform(columns, 4)];
      const before = { gain: uniform(columns, 6), bias: uniform(columns, 7) };
      const results = inBothOrders(device, () => {
        const [y, sums, dResidual] = [0, 0, 0].map(() => device.allocate(4 * size)) as number[];
        const [dx, copy] = [device.allocateTable(size, storage.x), device.allocateTable(size, 'bfloat16')];
        const [means, rstd] = [device.allocate(4 * rows), device.allocate(4 * rows)];
        const common = {
          ...{ x: device.store(x, storage.x), residual: hasResidual ? device.upload(residual) : null },
          ...{ gain: device.upload(gain), storage },
          ...{ mean: means, rstd, rows, columns, epsilon: EPSILON, ...dropout },
        };
        layerNorm(device, { ...common, bias: device.upload(bias), sums: sums!, y: y!, rounded: copy });
        const [dGain, dBias] = [device.upload(before.gain), device.upload(before.bias)];
        const gradients = { dx, dResidual: hasResidual ? dResidual! : null, dGain, dBias };
        const accumulate = { accumulateGain: true, accumulateBias: false };
        layerNormGrad(device, { ...common, dy: device.store(dy, storage.dy), ...gradients, ...accumulate });
        return {
          y: device.floats(y!, size),
          copy: device.table(copy, size, 'bfloat16'),
          sums: device.floats(sums!, size),
          dx: device.table(dx, size, storage.x),
          ...(hasResidual ? { dResidual: device.floats(dResidual!, size) } : {}),
          dGain: device.floats(dGain, columns),
          dBias: device.floats(dBias, columns),
        };
      });
      const mask = maskOf(dropout, rows, columns);
      const expected: Record<string, Float64Array> = {
        ...{ y: new Float64Array(size), sums: new Float64Array(size), dx: new Float64Array(size) },
        ...(hasResidual ? { dResidual: new Float64Array(size) } : {}),
        ...{ dGain: Float64Array.from(before.gain), dBias: new Float64Array(columns) },
      };
      for (let row = 0; row < rows; row++) {
        const at = (column: number): number => row * columns + column;
        const all = Array.from({ length: columns }, (_, column) => column);
        const s = all.map((c) => (hasResidual ? residual[at(c)]! + x[at(c)]! * mask[at(c)]! : x[at(c)]!));
        const center = mean(s);
        const factor = 1 / Math.sqrt(mean(s.map((value) => (value - center) ** 2)) + EPSILON);
        const n = s.map((value) => (value - center) * factor);
        const g = all.map((c) => dy[at(c)]! * gain[c]!);
        const [gMean, gnMean] = [mean(g), mean(g.map((value, c) => value * n[c]!))];
        for (const c of all) {
          const ds = factor * (g[c]! - gMean - n[c]! * gnMean);
          expected.sums![at(c)] = s[c]!;
          expected.y![at(c)] = n[c]! * gain[c]! + bias[c]!;
          expected.dx![at(c)] = hasResidual ? ds * mask[at(c)]! : ds;
          if (hasResidual) expected.dResidual![at(c)] = ds;
          expected.dGain![c]! += dy[at(c)]! * n[c]!;
          expected.dBias![c]! += dy[at(c)]!;
        }
      }
      for (const [name, values] of Object.entries(expected)) {
        if (name === 'dx' && storage.x === 'bfloat16') expectRounded(name, results[name]!, values);
        else expectClose(`${name} [${rows}, ${columns}]`, results[name]!, values, 4e-6);
      }
      expect(results.copy).toEqual(rounded(results.y as Float32Array));
    }
  });

  test('from kept sums has the same gradient', () => {
    const [rows, columns] = [6, 20];
    const dropout = SITES[1]!.dropout;
    const values = [1, 2, 3].map((seed) => uniform(rows * columns, seed)) as [Float32Array, Float32Array, Float32Array];
    const gradients = [false, true].map((kept) =>
      inBothOrders(device, () => {
        const [x, residual, dy] = values.map((value) => device.upload(value)) as [number, number, number];
        const [means, rstd] = [device.allocate(4 * rows), device.allocate(4 * rows)];
        const gain = device.upload(uniform(columns, 4));
        const [dx, dResidual] = [device.allocate(4 * rows * columns), device.allocate(4 * rows * columns)];
        const common = { x, gain, mean: means, rstd, rows, columns, epsilon: EPSILON, ...dropout };
        const y = device.allocate(4 * rows * columns);
        layerNorm(device, { ...common, residual, bias: gain, sums: kept ? x : null, y });
        layerNormGrad(device, {
          ...{ ...common, residual: kept ? null : residual, dy, dx, dResidual },
          ...{ dGain: device.allocate(4 * columns), dBias: device.allocate(4 * columns) },
          ...{ accumulateGain: false, accumulateBias: false },
        });
        return { dx: device.floats(dx, rows * columns), dResidual: device.floats(dResidual, rows * columns) };
      }),
    );
    expect(gradients[1]).toEqual(gradients[0]);
  });

  test('of no rows overwrites the gradients of its parameters with zeros', () => {
    const { dGain } = inBothOrders(device, () => {
      const dGain = device.allocate(12);
      layerNormGrad(device, {
        ...{ x: 0, residual: null, gain: 0, mean: 0, rstd: 0, dy: 0, dx: 0, dResidual: null },
        ...{ dGain, dBias: device.allocate(12), rows: 0, columns: 3, ...SITES[0]!.dropout },
        ...{ accumulateGain: false, accumulateBias: false },
      });
      return { dGain: device.floats(dGain, 3) };
    });
    expect([...dGain!]).toEqual([0, 0, 0]);
  });
});
