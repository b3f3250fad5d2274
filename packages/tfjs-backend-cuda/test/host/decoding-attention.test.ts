import { beforeAll, describe, expect, test } from 'vitest';
import { attendPast, attendSource, extendHistory } from '../../src/host/decoding-attention.js';
import type { Precision } from '../../src/host/host-device.js';
import { buildEmulation } from '../helpers/emulated.js';
import { expectClose, inBothOrders, rounded, TestDevice, uniform } from '../helpers/kernels.js';

const SETTINGS = [
  { precision: 'float32' as const, tolerance: 3e-6 },
  { precision: 'bfloat16' as const, tolerance: 3e-3 }, // of the context, which is rounded
];

const HEADS = [
  { heads: 2, headDim: 16 },
  { heads: 3, headDim: 5 },
  { heads: 2, headDim: 20 },
  { heads: 1, headDim: 63 },
  { heads: 1, headDim: 64 },
  { heads: 1, headDim: 128 },
];

const bytesOf = (precision: Precision): number => (precision === 'float32' ? 4 : 2);

/** Values as the device stores them, and as their float32. */
function upload(device: TestDevice, values: Float32Array, precision: Precision): number {
  if (precision === 'float32') return device.upload(values);
  return device.upload(Uint16Array.from(new Uint32Array(rounded(values).buffer), (word) => word >>> 16));
}

function download(device: TestDevice, address: number, size: number, precision: Precision): Float32Array {
  if (precision === 'float32') return device.floats(address, size);
  const halves = new Uint16Array(size);
  device.driver.download({ address, values: halves });
  return new Float32Array(Uint32Array.from(halves, (bits) => bits << 16).buffer);
}

/** Values as they are stored. */
const stored = (values: Float32Array, precision: Precision): Float32Array =>
  precision === 'float32' ? values : rounded(values);

/** softmax(query · keysᵀ / √d) · values in float64. */
function attention(query: readonly number[], keys: readonly number[][], values: readonly number[][]): number[] {
  const scores = keys.map((key) => key.reduce((sum, x, d) => sum + x * query[d]!, 0) / Math.sqrt(query.length));
  const top = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - top));
  const total = weights.reduce((a, b) => a + b, 0);
  return query.map((_, d) => values.reduce((sum, value, i) => sum + (weights[i]! / total) * value[d]!, 0));
}

/** Σ parts + bias of a row. */
function projectedRow(parts: Float32Array, bias: Float32Array, count: number, row: number): Float32Array {
  const columns = bias.length;
  const size = parts.length / count;
  return Float32Array.from(bias, (value, column) => {
    let sum = 0;
    for (let part = 0; part < count; part++) sum += parts[part * size + row * columns + column]!;
    return sum + value;
  });
}

const slice = (row: ArrayLike<number>, first: number, count: number): number[] =>
  Array.from({ length: count }, (_, d) => row[first + d]!);

describe.each(SETTINGS)('attention of a step in $precision', ({ precision, tolerance }) => {
  let device: TestDevice;

  beforeAll(() => {
    buildEmulation('decoding-attention');
    device = new TestDevice();
  });

  /**
   * A search of several steps, in which every step continues other rows: contexts of a layer after each step.
   * @param parents of each step after the first
   */
  function search(
    { heads, headDim }: (typeof HEADS)[number],
    parents: readonly Int32Array[],
    { layers = 2, layer = 1, count = 1, firstRows = 3 } = {},
  ) {
    const embed = heads * headDim;
    const rowsOf = (step: number): number => (step === 0 ? firstRows : parents[step - 1]!.length);
    const projections = Array.from({ length: parents.length + 1 }, (_, step) =>
      uniform(count * rowsOf(step) * 3 * embed, 10 + step),
    );
    const bias = uniform(3 * embed, 3);
    const results = inBothOrders(device, () => {
      const placeBytes = layers * 2 * embed * bytesOf(precision);
      const contexts: Record<string, Float32Array> = {};
      let [history, capacity] = [0, 1];
      projections.forEach((projection, step) => {
        const rows = rowsOf(step);
        const after = device.allocate(8 * rows * (step + 3));
        extendHistory(device, {
          ...{ before: history, after, parents: device.upload(parents[step - 1] ?? new Int32Array(rows)), rows },
          ...{ places: device.allocate(rows * placeBytes), length: step, beforeCapacity: capacity },
          ...{ capacity: step + 3, placeBytes },
        });
        [history, capacity] = [after, step + 3];
        const address = device.allocate(bytesOf(precision) * rows * embed);
        attendPast(device, {
          ...{ parts: device.upload(projection), bias: device.upload(bias), count, history, contexts: address, rows },
          ...{ length: step + 1, capacity, layer, heads, headDim, precision },
        });
        contexts[`step ${step}`] = download(device, address, rows * embed, precision);
      });
      return contexts;
    });
    // Each row as the list of its projections.
    let histories: Float32Array[][] = [];
    projections.forEach((projection, step) => {
      histories = Array.from({ length: rowsOf(step) }, (_, row) => [
        ...(step === 0 ? [] : histories[parents[step - 1]![row]!]!),
        projectedRow(projection, bias, count, row),
      ]);
      const expected = histories.flatMap((past) => {
        const kept = past.map((row) => stored(row, precision));
        return Array.from({ length: heads }, (_, head) => {
          const query = slice(past.at(-1)!, head * headDim, headDim);
          const keys = kept.map((row) => slice(row, embed + head * headDim, headDim));
          const values = kept.map((row) => slice(row, 2 * embed + head * headDim, headDim));
          return attention(query, keys, values);
        }).flat();
      });
      expectClose(`contexts of step ${step}`, results[`step ${step}`]!, expected, tolerance);
    });
  }

  const PARENTS = [Int32Array.of(0, 0, 2, 1, 2), Int32Array.of(4, 1, 1, 3, 0), Int32Array.of(2, 0)];

  test.each(HEADS)('follows the history of each row: $heads heads of $headDim', (shape) => {
    search(shape, PARENTS);
  });

  test.each([1, 2, 3])('adds %i parts of a projection', (count) => {
    search(HEADS[1]!, PARENTS, { count });
    search(HEADS[4]!, PARENTS, { count, layers: 3, layer: 0 });
  });

  test('sees every position of a history longer than what its groups load at once', () => {
    const chain = Array.from({ length: 139 }, () => Int32Array.of(0));
    for (const shape of [
      { heads: 1, headDim: 4 },
      { heads: 1, headDim: 100 },
    ])
      search(shape, chain, { firstRows: 1, layers: 1, layer: 0 });
  });

  const LENGTHS = [4, 1, 170, 33];

  test.each([1, 2, 3, 4, 5, 9])('sees the source of a sentence with %i hypotheses', (beams) => {
    for (const { heads, headDim } of HEADS) {
      const embed = heads * headDim;
      const starts = Int32Array.of(0, 4, 5, 175, 208);
      const sentences = Int32Array.of(3, 0, 2); // the second one has finished
      const rows = sentences.length * beams;
      const count = 2;
      const [keyValue, parts, bias] = [
        uniform(208 * 2 * embed, 1),
        uniform(count * rows * embed, 2),
        uniform(embed, 3),
      ];
      const { contexts } = inBothOrders(device, () => {
        const address = device.allocate(bytesOf(precision) * rows * embed);
        attendSource(device, {
          ...{ parts: device.upload(parts), bias: device.upload(bias), count, contexts: address, beams },
          ...{ keyValue: upload(device, keyValue, precision), sentences: device.upload(sentences) },
          ...{ starts: device.upload(starts), sentenceCount: 3, heads, headDim, precision },
        });
        return { contexts: download(device, address, rows * embed, precision) };
      });
      const kept = stored(keyValue, precision);
      const expected = Array.from({ length: rows }, (_, row) => {
        const sentence = sentences[Math.floor(row / beams)]!;
        const table = Array.from({ length: LENGTHS[sentence]! }, (_, i) =>
          kept.subarray((starts[sentence]! + i) * 2 * embed, (starts[sentence]! + i + 1) * 2 * embed),
        );
        const projected = projectedRow(parts, bias, count, row);
        return Array.from({ length: heads }, (_, head) =>
          attention(
            slice(projected, head * headDim, headDim),
            table.map((keys) => slice(keys, head * headDim, headDim)),
            table.map((keys) => slice(keys, embed + head * headDim, headDim)),
          ),
        ).flat();
      }).flat();
      expectClose(`contexts of ${heads} heads of ${headDim}`, contexts!, expected, tolerance);
    }
  });

  test('has the same bits for a row whatever else is in the batch', () => {
    const [heads, headDim, embed] = [2, 20, 40];
    const keyValue = uniform(60 * 2 * embed, 1);
    const bias = uniform(embed, 3);
    const contextsOf = (sentences: Int32Array, beams: number): Float32Array => {
      const rows = sentences.length * beams;
      const projection = new Float32Array(rows * embed);
      for (let row = 0; row < rows; row++) projection.set(uniform(embed, row % beams), row * embed);
      const address = device.allocate(bytesOf(precision) * rows * embed);
      attendSource(device, {
        ...{ parts: device.upload(projection), bias: device.upload(bias), count: 1, contexts: address, beams },
        ...{ keyValue: upload(device, keyValue, precision), sentences: device.upload(sentences) },
        ...{
          starts: device.upload(Int32Array.of(0, 7, 60)),
          sentenceCount: sentences.length,
          heads,
          headDim,
          precision,
        },
      });
      return download(device, address, rows * embed, precision);
    };
    const [alone, together] = [contextsOf(Int32Array.of(1), 5), contextsOf(Int32Array.of(0, 1), 5)];
    expect(together.subarray(5 * embed)).toEqual(alone);
    expect(contextsOf(Int32Array.of(1), 1)).toEqual(alone.subarray(0, embed));
    device.dispose();
  });

  test.each([
    ['a score', 0, 'every context of its head'],
    ['a value', 40, 'its column'],
  ])('NaN in %s reaches %s', (_, column) => {
    const [heads, headDim, embed] = [2, 20, 40];
    const keyValue = uniform(6 * 2 * embed, 1);
    keyValue[3 * 2 * embed + column!] = Number.NaN;
    const address = device.allocate(bytesOf(precision) * embed);
    attendSource(device, {
      ...{ parts: device.upload(uniform(embed, 2)), bias: device.upload(uniform(embed, 3)), count: 1, beams: 1 },
      ...{ keyValue: upload(device, keyValue, precision), sentences: device.upload(Int32Array.of(0)) },
      ...{ starts: device.upload(Int32Array.of(0, 6)), sentenceCount: 1, contexts: address, heads, headDim, precision },
    });
    const isNaNs = [...download(device, address, embed, precision)].map(Number.isNaN);
    device.dispose();
    const expected = Array.from({ length: embed }, (_, d) => (column === 0 ? d < headDim : d === 0));
    expect(isNaNs).toEqual(expected);
  });
});

test('heads larger than 128 are refused', () => {
  const device = new TestDevice();
  expect(() =>
    attendSource(device, {
      ...{ parts: 0, bias: 0, count: 1, keyValue: 0, sentences: 0, starts: 0, contexts: 0, sentenceCount: 1, beams: 1 },
      ...{ heads: 1, headDim: 129, precision: 'float32' },
    }),
  ).toThrow('attention heads of size 129 are larger than 128');
});
