import { beforeAll, describe, expect, test } from 'vitest';
import { crossAttention, crossAttentionGrad, selfAttention, selfAttentionGrad } from '../../src/host/attention.js';
import { maskOf, SITES } from '../helpers/dropout.js';
import { buildEmulation } from '../helpers/emulated.js';
import { expectClose, inBothOrders, rounded, TestDevice, uniform } from '../helpers/kernels.js';

type Table = readonly (readonly number[])[];

/** The starts of sentences of these lengths, and padding at the first and the last key of some of them. */
const startsOf = (lengths: readonly number[]): Int32Array =>
  Int32Array.from([0, ...lengths.keys()].map((_, i) => lengths.slice(0, i).reduce((a, b) => a + b, 0)));

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

/** a[i] += factor · b[i] */
function add(a: number[], factor: number, b: readonly number[]): void {
  for (let i = 0; i < a.length; i++) a[i]! += factor * b[i]!;
}

/** Attention of one sentence and head in float64, with its gradients. A row of `mask` is a query's. */
function reference(
  { query, key, value, dContext }: Readonly<Record<'query' | 'key' | 'value' | 'dContext', Table>>,
  { sees, mask }: { readonly sees: (i: number, j: number) => boolean; readonly mask: Table },
) {
  const zeros = (table: Table): number[][] => table.map((row) => row.map(() => 0));
  const [context, dQuery, dKey, dValue] = [zeros(query), zeros(query), zeros(key), zeros(value)];
  const scale = 1 / Math.sqrt(query[0]?.length ?? 1);
  const logSumExp = query.map((q, i) => {
    const seen = [...key.keys()].filter((j) => sees(i, j));
    if (seen.length === 0) return 0;
    const scores = seen.map((j) => scale * dot(q, key[j]!));
    const top = Math.max(...scores);
    const logSum = top + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - top), 0));
    const weights = scores.map((score) => Math.exp(score - logSum));
    seen.forEach((j, at) => {
      add(context[i]!, weights[at]! * mask[i]![j]!, value[j]!);
    });
    const delta = dot(context[i]!, dContext[i]!);
    seen.forEach((j, at) => {
      const dScore = weights[at]! * (mask[i]![j]! * dot(dContext[i]!, value[j]!) - delta) * scale;
      add(dQuery[i]!, dScore, key[j]!);
      add(dKey[j]!, dScore, q);
      add(dValue[j]!, weights[at]! * mask[i]![j]!, dContext[i]!);
    });
    return logSum;
  });
  return { context, logSumExp, dQuery, dKey, dValue };
}

interface Sentences {
  readonly queries: readonly number[]; // lengths
  readonly keys: readonly number[];
  readonly padding: Int32Array; // [key rows]
  readonly heads: number;
  readonly headDim: number;
  readonly causal: boolean;
}

const sum = (lengths: readonly number[]): number => lengths.reduce((a, b) => a + b, 0);

/** The reference of all sentences: projections and results [rows, heads, headDim]. */
function referenceOf(
  { queries, keys, padding, heads, headDim, causal }: Sentences,
  dropout: (typeof SITES)[number]['dropout'],
  inputs: Readonly<Record<'query' | 'key' | 'value' | 'dContext', ArrayLike<number>>>,
) {
  const embed = heads * headDim;
  const longestKey = Math.max(0, ...keys);
  const masks = maskOf(dropout, heads * sum(queries), longestKey);
  const [queryStarts, keyStarts] = [startsOf(queries), startsOf(keys)];
  const results = {
    context: new Float64Array(sum(queries) * embed),
    logSumExp: new Float64Array(sum(queries) * heads),
    dQuery: new Float64Array(sum(queries) * embed),
    dKey: new Float64Array(sum(keys) * embed),
    dValue: new Float64Array(sum(keys) * embed),
  };
  for (let sentence = 0; sentence < queries.length; sentence++) {
    const [query, key] = [queryStarts[sentence]!, keyStarts[sentence]!];
    for (let head = 0; head < heads; head++) {
      const place = (row: number): number => row * embed + head * headDim;
      const rowsOf = (table: ArrayLike<number>, first: number, count: number): Table =>
        Array.from({ length: count }, (_, i) =>
          Array.from({ length: headDim }, (__, d) => table[place(first + i) + d]!),
        );
      const maskRow = heads * query + head * queries[sentence]!;
      const mask = Array.from({ length: queries[sentence]! }, (_, i) => [
        ...masks.subarray((maskRow + i) * longestKey, (maskRow + i + 1) * longestKey),
      ]);
      const part = reference(
        {
          query: rowsOf(inputs.query, query, queries[sentence]!),
          dContext: rowsOf(inputs.dContext, query, queries[sentence]!),
          key: rowsOf(inputs.key, key, keys[sentence]!),
          value: rowsOf(inputs.value, key, keys[sentence]!),
        },
        { mask, sees: (i, j) => padding[key + j] === 0 && (!causal || j <= i) },
      );
      results.logSumExp.set(part.logSumExp, maskRow);
      for (const [name, first] of [
        ['context', query],
        ['dQuery', query],
        ['dKey', key],
        ['dValue', key],
      ] as const) {
        part[name].forEach((row, i) => {
          results[name].set(row, place(first + i));
        });
      }
    }
  }
  return results;
}

/** Rows of several tables beside each other, as packed projections have them. */
function interleave(tables: readonly Float32Array[], embed: number): Float32Array {
  const rows = tables[0]!.length / embed;
  const packed = new Float32Array(rows * tables.length * embed);
  for (let row = 0; row < rows; row++) {
    tables.forEach((table, part) => {
      packed.set(table.subarray(row * embed, (row + 1) * embed), (row * tables.length + part) * embed);
    });
  }
  return packed;
}

/** The tables of `interleave`. */
function separate(packed: ArrayLike<number>, parts: number, embed: number): number[][] {
  const tables: number[][] = Array.from({ length: parts }, () => []);
  for (let i = 0; i < packed.length; i++) tables[Math.floor(i / embed) % parts]!.push(packed[i]!);
  return tables;
}

const LENGTHS = [
  { title: 'one query', queries: [1], keys: [1] },
  { title: 'sentences of one tile', queries: [5, 32, 0, 17], keys: [5, 32, 0, 17] },
  { title: 'sentences of several tiles', queries: [40, 3, 65], keys: [40, 3, 65] },
  { title: 'a source of other lengths', queries: [40, 3, 0, 7], keys: [3, 70, 4, 0] },
];

/**
 * What bfloat16 loses: weights and their gradients are rounded to 8 bits before they are multiplied. Tables in bfloat16 also
 * have rounded contexts, from which the gradient of the softmax subtracts what is 0 for a single key but for rounding.
 */
const SETTINGS = [
  ...SITES.map((site) => ({ ...site, precision: 'float32', storage: 'float32', tolerance: 3e-6 }) as const),
  ...SITES.map((site) => ({ ...site, precision: 'bfloat16', storage: 'float32', tolerance: 6e-3 }) as const),
  { ...SITES[1]!, precision: 'bfloat16', storage: 'bfloat16', tolerance: 1.5e-2 },
] as const;

const HEADS = [
  { heads: 2, headDim: 16 },
  { heads: 3, headDim: 5 },
  { heads: 1, headDim: 48 },
  { heads: 1, headDim: 128 },
];

describe.each(SETTINGS)('attention in $precision of tables in $storage $title', (settings) => {
  const { dropout, precision, storage, tolerance } = settings;
  let device: TestDevice;

  beforeAll(() => {
    buildEmulation('attention-float32', 'attention-bfloat16');
    device = new TestDevice();
    device.precision = precision;
  });

  const cases = LENGTHS.flatMap((lengths) => HEADS.map((heads) => ({ ...lengths, ...heads })));

  test.each(cases)('of $title with heads of size $headDim agrees with float64', (sizes) => {
    const { queries, keys, heads, headDim } = sizes;
    const embed = heads * headDim;
    const [queryRows, keyRows] = [sum(queries), sum(keys)];
    const isSelf = queries.join() === keys.join();
    const random = (size: number, seed: number): Float32Array =>
      precision === 'float32' ? uniform(size, seed) : rounded(uniform(size, seed));
    const [query, dContext] = [random(queryRows * embed, 1), random(queryRows * embed, 4)];
    const [key, value] = [random(keyRows * embed, 2), random(keyRows * embed, 3)];
    for (const causal of [false, true]) {
      const padding = Int32Array.from({ length: keyRows }, (_, row) => Number(row % 11 === 2));
      const shape = {
        sequences: queries.length,
        heads,
        headDim,
        longestKey: Math.max(0, ...keys),
        causal,
        storage,
        ...dropout,
      };
      const results = inBothOrders(device, () => {
        const allocate = (size: number): number => device.allocateTable(size, storage);
        const kept = { context: allocate(queryRows * embed), logSumExp: device.allocate(4 * queryRows * heads) };
        const [keyPadding, keyStarts] = [device.upload(padding), device.upload(startsOf(keys))];
        const gradient = { dContext: device.store(dContext, storage) };
        const outputs = (): { context: Float32Array; logSumExp: Float32Array } => ({
          context: device.table(kept.context, queryRows * embed, storage),
          logSumExp: device.floats(kept.logSumExp, queryRows * heads),
        });
        const split = (address: number, rows: number, parts: number): Float32Array[] =>
          separate(device.table(address, rows * parts * embed, storage), parts, embed).map((table) =>
            Float32Array.from(table),
          );
        if (isSelf) {
          const queryKeyValue = device.store(interleave([query, key, value], embed), storage);
          const args = { queryKeyValue, starts: keyStarts, keyPadding, rows: keyRows, ...shape, ...kept };
          selfAttention(device, args);
          const dQueryKeyValue = allocate(3 * keyRows * embed);
          selfAttentionGrad(device, { ...args, ...gradient, dQueryKeyValue });
          const [dQuery, dKey, dValue] = split(dQueryKeyValue, keyRows, 3);
          return { ...outputs(), dQuery: dQuery!, dKey: dKey!, dValue: dValue! };
        }
        const args = {
          ...{ query: device.store(query, storage), queryStarts: device.upload(startsOf(queries)), queryRows },
          ...{ keyValue: device.store(interleave([key, value], embed), storage), keyStarts, keyPadding, keyRows },
          ...{ ...shape, ...kept },
        };
        crossAttention(device, args);
        const [dQuery, dKeyValue] = [allocate(queryRows * embed), allocate(2 * keyRows * embed)];
        crossAttentionGrad(device, { ...args, ...gradient, dQuery, dKeyValue });
        const [dKey, dValue] = split(dKeyValue, keyRows, 2);
        return { ...outputs(), dQuery: device.table(dQuery, queryRows * embed, storage), dKey: dKey!, dValue: dValue! };
      });
      const expected = referenceOf({ ...sizes, padding, causal }, dropout, { query, key, value, dContext });
      for (const [name, values] of Object.entries(expected)) {
        expectClose(name, results[name]!, values, name === 'logSumExp' ? 3e-6 : tolerance);
      }
    }
  });

  test('refuses heads that are larger than 128', () => {
    const shape = { sequences: 1, heads: 1, headDim: 129, longestKey: 1, causal: false, ...dropout };
    const inputs = { queryKeyValue: 0, starts: 0, keyPadding: 0, rows: 1, context: 0, logSumExp: 0 };
    expect(() => selfAttention(device, { ...inputs, ...shape })).toThrow('attention heads of size 129');
  });
});
