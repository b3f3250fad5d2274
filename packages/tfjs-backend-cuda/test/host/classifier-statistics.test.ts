import { beforeAll, describe, expect, test } from 'vitest';
import { chunkRows, classifierStatistics, classifierStatisticsGrad } from '../../src/host/classifier-statistics.js';
import { buildEmulation } from '../helpers/emulated.js';
import { expectClose, inBothOrders, matMul, type Results, rounded, TestDevice, uniform } from '../helpers/kernels.js';

/** A class function in float64: its fields on the device, f(p), and p · f′(p). `rest` = 1 − p. */
interface Tested {
  readonly fields: readonly number[];
  readonly value: (p: number, rest: number) => number;
  readonly gradient: (p: number, rest: number) => number;
}

const none = Number.POSITIVE_INFINITY;

const FUNCTIONS: Readonly<Record<string, Tested>> = {
  log: {
    fields: [0, none, 1e-5, 1, 0, 0, 0, none],
    value: (_, rest) => Math.log(rest),
    gradient: (p, rest) => -p / rest,
  },
  'log with a tangent, a clamp and a scale': {
    fields: [0, 0.4, 1e-5, 0.9, 0, 0, 0, none],
    value: (p) => (p > 0.4 ? Math.log(0.6) - (p - 0.4) / 0.6 : Math.log(1 - 0.9 * p)),
    gradient: (p) => (p > 0.4 ? -p / 0.6 : (-0.9 * p) / (1 - 0.9 * p)),
  },
  'log from 0.1 to 0.5': {
    fields: [0, none, 1e-5, 1, 0, 0.1, Math.log(0.9), 0.5],
    value: (p, rest) => (p > 0.5 || p < 0.1 ? 0 : Math.log(rest) - Math.log(0.9)),
    gradient: (p, rest) => (p > 0.5 || p < 0.1 ? 0 : -p / rest),
  },
  power: { fields: [1, 0, 0, 0, 0.7, 0, 0, none], value: (p) => -(p ** 0.7), gradient: (p) => -0.7 * p ** 0.7 },
  'power from 0.1': {
    fields: [1, 0, 0, 0, 2, 0.1, -0.01, none],
    value: (p) => (p < 0.1 ? 0 : -(p ** 2) + 0.01),
    gradient: (p) => (p < 0.1 ? 0 : -2 * p ** 2),
  },
  cosine: {
    fields: [2, 0, 0, 0, 0, 0, 0, none],
    value: (p) => Math.cos(Math.PI * p) - 1,
    gradient: (p) => -Math.PI * p * Math.sin(Math.PI * p),
  },
};

const SIZES = [
  { rows: 1, embed: 1, classes: 1 },
  { rows: 5, embed: 7, classes: 9 },
  { rows: 11, embed: 16, classes: 1030 },
  { rows: 6, embed: 8, classes: 64, certain: true },
];

describe.each([[], ['log'], ['power', 'cosine'], Object.keys(FUNCTIONS)])(
  'classifier statistics with sums %j',
  (...names) => {
    const functions = names.map((name) => FUNCTIONS[name]!);
    const fields = Float32Array.from(functions.flatMap((f) => f.fields));
    let device: TestDevice;

    beforeAll(() => {
      buildEmulation('classifier-statistics', 'gemm-float32');
      device = new TestDevice();
    });

    const cases = SIZES.flatMap((sizes) => [
      { ...sizes, chunk: sizes.rows, kept: 0 },
      { ...sizes, chunk: 4, kept: 0 },
      { ...sizes, chunk: 4, kept: 2 },
    ]);

    test.each(cases)('of $rows rows and $classes classes, chunks of $chunk, $kept kept', (sizes) => {
      const { rows, embed, classes, certain = false } = sizes;
      const features = uniform(rows * embed, 1).map((value) => (certain ? 9 * value : 2 * value));
      const weights = uniform(classes * embed, 2);
      const targets = Int32Array.from({ length: rows }, (_, row) => (7 * row) % classes);
      const dRows = [...functions, 0, 0].map((_, k) => uniform(rows, 10 + k));
      const before = uniform(classes * embed, 4);
      const results = inBothOrders(device, () => {
        const perRow = (): number => device.allocate(4 * rows);
        const [targetLogProb, meanLogProb, predictions] = [perRow(), perRow(), perRow()];
        const sums = functions.map(perRow);
        const kept = Array.from({ length: Math.min(sizes.kept, Math.ceil(rows / 4)) }, () =>
          device.allocate(16 * classes),
        );
        const shape = { ...sizes, kept, functions: fields };
        const inputs = {
          features: device.upload(features),
          weights: device.upload(weights),
          targets: device.upload(targets),
        };
        classifierStatistics(device, { ...shape, ...inputs, targetLogProb, meanLogProb, predictions, sums });
        const [dTargetLogProb, dMeanLogProb, ...dSums] = dRows.map((values) => device.upload(values)) as [
          number,
          number,
        ];
        const [dFeatures, dWeights] = [device.allocate(4 * features.length), device.upload(before)];
        classifierStatisticsGrad(device, {
          ...{ ...shape, ...inputs, dTargetLogProb, dMeanLogProb, dSums, dFeatures, dWeights },
          accumulateWeights: true,
        });
        return {
          targetLogProb: device.floats(targetLogProb, rows),
          meanLogProb: device.floats(meanLogProb, rows),
          predictions: device.integers(predictions, rows),
          dFeatures: device.floats(dFeatures, features.length),
          dWeights: device.floats(dWeights, weights.length),
          ...Object.fromEntries(sums.map((sum, k) => [names[k]!, device.floats(sum, rows)])),
        };
      });

      const z = matMul(features, weights, [rows, classes, embed], { transposeB: true });
      const dz = new Float64Array(z.length);
      const expected: Record<string, number[]> = { targetLogProb: [], meanLogProb: [], predictions: [] };
      for (const name of names) expected[name] = [];
      for (let row = 0; row < rows; row++) {
        const scores = z.subarray(row * classes, (row + 1) * classes);
        const top = scores.indexOf(Math.max(...scores));
        const e = scores.map((score) => Math.exp(score - scores[top]!));
        const restOf = (v: number): number => e.reduce((sum, value, u) => (u === v ? sum : sum + value), 0) / total;
        const total = e.reduce((sum, value) => sum + value, 0);
        const logProbs = scores.map((score) => score - scores[top]! - Math.log(total));
        const probabilities = Array.from(e, (value, v): [number, number] => [value / total, restOf(v)]);
        expected.targetLogProb!.push(logProbs[targets[row]!]!);
        expected.meanLogProb!.push(logProbs.reduce((a, b) => a + b, 0) / classes);
        expected.predictions!.push(top);
        const [gTarget, gMean, ...g] = dRows.map((values) => values[row]!) as [number, number];
        const h = probabilities.map(([p, rest]) =>
          functions.reduce((sum, f, k) => sum + g[k]! * f.gradient(p, rest), 0),
        );
        const sumOfH = h.reduce((a, b) => a + b, 0);
        functions.forEach((f, k) => {
          expected[names[k]!]!.push(probabilities.reduce((sum, [p, rest]) => sum + f.value(p, rest), 0));
        });
        probabilities.forEach(([p], v) => {
          const isTarget = v === targets[row] ? 1 : 0;
          dz[row * classes + v] = gTarget * (isTarget - p) + gMean * (1 / classes - p) + h[v]! - p * sumOfH;
        });
      }
      expect([...results.predictions!]).toEqual(expected.predictions);
      for (const [name, values] of Object.entries(expected)) {
        // With one class, 1 − p is 0: the logarithm and its gradient are not defined.
        if (classes > 1) expectClose(name, results[name]!, values, certain ? 2e-5 : 5e-6);
      }
      if (classes === 1) return;
      const dWeights = matMul(dz, features, [classes, embed, rows], { transposeA: true }).map((v, i) => v + before[i]!);
      expectClose('dFeatures', results.dFeatures!, matMul(dz, weights, [rows, embed, classes]), certain ? 2e-5 : 5e-6);
      expectClose('dWeights', results.dWeights!, dWeights, certain ? 2e-5 : 5e-6);
    });
  },
);

describe('classifier statistics', () => {
  test('mark a target that is no class with NaN and read nothing', () => {
    buildEmulation('classifier-statistics', 'gemm-float32');
    const device = new TestDevice();
    const [targetLogProb, other] = [device.allocate(8), device.allocate(8)];
    classifierStatistics(device, {
      ...{
        features: device.upload(uniform(2)),
        weights: device.upload(uniform(3)),
        targets: device.upload(Int32Array.of(3, -1)),
      },
      ...{ kept: [], functions: new Float32Array(0), rows: 2, embed: 1, classes: 3, chunk: 2 },
      ...{ targetLogProb, meanLogProb: other, predictions: device.allocate(8), sums: [] },
    });
    expect([...device.floats(targetLogProb, 2)]).toEqual([Number.NaN, Number.NaN]);
    expect(device.floats(other, 2).some(Number.isNaN)).toBe(false);
    device.dispose();
  });

  test.each([0, 2])('of tables in bfloat16 are those of the same numbers in float32, %i chunks kept', (keptChunks) => {
    buildEmulation('classifier-statistics', 'gemm-float32', 'gemm-bfloat16');
    for (const [rows, embed, classes] of [
      [11, 16, 1032],
      [5, 7, 9],
    ] as const) {
      const [features, weights] = [rounded(uniform(rows * embed, 1)), rounded(uniform(classes * embed, 2))];
      const before = uniform(classes * embed, 4);
      const results = (['float32', 'bfloat16'] as const).map((precision) => {
        const device = new TestDevice();
        device.precision = precision;
        return inBothOrders(device, () => {
          const perRow = (): number => device.allocate(4 * rows);
          const [targetLogProb, meanLogProb, predictions, sum] = [perRow(), perRow(), perRow(), perRow()];
          const shape = {
            ...{ features: device.store(features, precision), weights: device.store(weights, precision) },
            targets: device.upload(Int32Array.from({ length: rows }, (_, row) => (7 * row) % classes)),
            ...{ rows, embed, classes, chunk: 4, functions: Float32Array.from(FUNCTIONS.log!.fields) },
            kept: Array.from({ length: Math.min(keptChunks, Math.ceil(rows / 4)) }, () =>
              device.allocate(16 * classes),
            ),
            storage: { features: precision, weights: precision, dFeatures: precision },
          };
          classifierStatistics(device, { ...shape, targetLogProb, meanLogProb, predictions, sums: [sum] });
          const [dFeatures, dWeights] = [device.allocateTable(features.length, precision), device.upload(before)];
          const [dTargetLogProb, dMeanLogProb, dSum] = [5, 6, 7].map((seed) => device.upload(uniform(rows, seed)));
          classifierStatisticsGrad(device, {
            ...{ ...shape, dTargetLogProb: dTargetLogProb!, dMeanLogProb: dMeanLogProb!, dSums: [dSum!] },
            ...{ dFeatures, dWeights, accumulateWeights: true },
          });
          return {
            targetLogProb: device.floats(targetLogProb, rows),
            meanLogProb: device.floats(meanLogProb, rows),
            predictions: device.integers(predictions, rows),
            sum: device.floats(sum, rows),
            dFeatures: device.table(dFeatures, features.length, precision),
            dWeights: device.floats(dWeights, weights.length),
          };
        });
      });
      const [exact, actual] = results as [Results, Results];
      for (const [name, values] of Object.entries(exact)) {
        expectClose(name, actual[name]!, values, name.startsWith('d') ? 6e-3 : 5e-6);
      }
      expect(actual.dWeights).not.toEqual(exact.dWeights);
    }
  });

  test('have chunks of whole tiles that fit into the cache', () => {
    expect([chunkRows(5000, 10_000), chunkRows(100, 10_000), chunkRows(5000, 1e6)]).toEqual([768, 100, 128]);
  });
});
