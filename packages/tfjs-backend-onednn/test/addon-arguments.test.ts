import { describe, expect, it } from 'vitest';
import { addon } from '../src/addon.js';

const floats = (size: number): Float32Array => new Float32Array(size);

/** A call without the types of TypeScript. */
const call = (name: string, args: unknown): unknown =>
  (addon() as unknown as Record<string, (args: unknown) => unknown>)[name]!(args);

const LAYER = {
  x: floats(6),
  weight: floats(12),
  bias: floats(4),
  y: floats(8),
  rows: 2,
  inputs: 3,
  outputs: 4,
  relu: true,
};

describe('a call of the add-on', () => {
  it('passes the arguments by name', () => {
    const x = Float32Array.of(1, 2);
    addon().scale({ factor: 3, size: 2, x });
    expect([...x]).toEqual([3, 6]);
  });

  it.each([
    ['scale: x must be a Float32Array', { x: new Float64Array(2), size: 2, factor: 3 }],
    ['scale: x must be a Float32Array', { x: [1, 2], size: 2, factor: 3 }],
    ['scale: x must be a Float32Array', { size: 2, factor: 3 }],
    ['scale: x has 2 elements, expected 3 (size)', { x: floats(2), size: 3, factor: 3 }],
    ['scale: size must be a number', { x: floats(2), size: '2', factor: 3 }],
    ['scale: size must be a whole number ≥ 0, not -1', { x: floats(2), size: -1, factor: 3 }],
    ['scale: size must be a whole number ≥ 0, not 0.5', { x: floats(2), size: 0.5, factor: 3 }],
    ['scale: factor must be a number', { x: floats(2), size: 2 }],
  ])('is rejected: %s', (message, args) => {
    expect(() => call('scale', args)).toThrow(message);
  });

  it.each([
    ['linear: weight has 11 elements, expected 12 (outputs · inputs)', { weight: floats(11) }],
    ['linear: bias has 5 elements, expected 4 (outputs)', { bias: floats(5) }],
    ['linear: x has 6 elements, expected 9 (rows · inputs)', { rows: 3 }],
    ['linear: relu must be a boolean', { relu: 1 }],
    ['linear: rows must be a whole number ≥ 0, not 9007199254740992', { rows: 2 ** 53 }],
    ['linear: the sizes of x (rows · inputs) are too large', { x: floats(0), rows: 2 ** 52, inputs: 3 }],
  ])('is rejected: %s', (message, wrong) => {
    expect(() => call('linear', LAYER)).not.toThrow();
    expect(() => call('linear', { ...LAYER, ...wrong })).toThrow(message);
  });

  it('is rejected if nonzero sizes multiply to more than 2⁵³', () => {
    const args = { x: floats(0), y: floats(0), rows: 0, columns: 2 ** 52 };
    expect(() => call('softmax', args)).not.toThrow();
    const indices = new Int32Array(0);
    const table = { ...args, indices, batch: 0, outer: 2 ** 40, dim: 2 ** 40, slice: 1, count: 1 };
    expect(() => call('gather', table)).toThrow('gather: the sizes of x (batch · outer · dim · slice) are too large');
  });

  it.each([
    ['arrays', 'sums has 1 arrays, expected 2 (functionCount)', { functionCount: 2, functions: new Float64Array(16) }],
    ['an array', 'sums[0] has 2 elements, expected 3 (rows)', { sums: [floats(2)] }],
    ['a kept array', 'the length of a kept array is 9, expected 15', { kept: [floats(9)] }],
    ['a chunk', 'chunk must be from 1 to 3, not 0', { chunk: 0 }],
    ['a function', 'unknown family of class functions', { functions: new Float64Array(8).fill(3) }],
    ['a target', 'target 2 at index 1 is not in [0, 2)', { targets: Int32Array.of(0, 2, 0) }],
  ])('of the classifier is rejected for %s: %s', (_, message, wrong) => {
    const inputs = { features: floats(3), weights: floats(2), targets: new Int32Array(3), kept: [] };
    const outputs = {
      targetLogProb: floats(3),
      meanLogProb: floats(3),
      predictions: new Int32Array(3),
      sums: [floats(3)],
    };
    const shape = { functions: new Float64Array(8), rows: 3, embed: 1, classes: 2, functionCount: 1, chunk: 3 };
    const args = { ...inputs, ...outputs, ...shape };
    expect(() => call('classifierStatistics', args)).not.toThrow();
    expect(() => call('classifierStatistics', { ...args, ...wrong })).toThrow(message);
  });

  it('is rejected if a kept row contains no class', () => {
    const kept = [Float32Array.of(0, 0, -1, 0)]; // exponentials [1, 2], the bits of the top class, Σ of the others
    const inputs = { features: floats(1), weights: floats(2), targets: new Int32Array(1), kept };
    const gradients = {
      dTargetLogProb: floats(1),
      dMeanLogProb: floats(1),
      dSums: [],
      dFeatures: floats(1),
      dWeights: floats(2),
    };
    const shape = { functions: new Float64Array(0), rows: 1, embed: 1, classes: 2, functionCount: 0, chunk: 1 };
    const args = { ...inputs, ...gradients, ...shape, accumulateWeights: false };
    expect(() => call('classifierStatisticsGrad', args)).toThrow(/kept class -\d+ at index 0 is not in \[0, 2\)/);
  });

  it.each([
    ['copyPieces', 'offset + length must be at most the stride', { sourceOffset: 1 }],
    ['copyPieces', 'offset + length must be at most the stride', { targetOffset: 2 ** 53 - 1 }],
  ])('of %s is rejected: %s', (name, message, wrong) => {
    const args = { source: floats(4), target: floats(4), pieces: 2, length: 2, sourceStride: 2, targetStride: 2 };
    expect(() => call(name, { ...args, sourceOffset: 0, targetOffset: 0, ...wrong })).toThrow(message);
  });

  it.each([
    [[0], 1],
    [[0, 2], 2],
    [[1, 1], 2],
    [[0, 1, 1], 2],
  ])('of transpose is rejected for the permutation %j', (permutation, rank) => {
    const sizes = new Array<number>(rank).fill(2).map((size, axis) => (permutation.length === 1 ? 1 : size + axis));
    const size = sizes.reduce((product, axis) => product * axis, 1);
    const call = () => addon().transpose({ x: floats(size), y: floats(size), sizes, permutation });
    if (permutation.length === 1) expect(call).not.toThrow();
    else expect(call).toThrow('transpose: permutation must name the 2 axes once each');
  });

  it('is rejected for a k above the columns and an operand of another shape', () => {
    const [values, indices] = [floats(6), new Int32Array(6)];
    expect(() => addon().topK({ x: floats(4), values, indices, rows: 2, columns: 2, k: 3 })).toThrow(
      'k must be from 0 to 2, not 3',
    );
    const table = { operation: 0, y: floats(6), rows: 2, columns: 3, aRows: 2, aColumns: 3, bRows: 2, bColumns: 2 };
    expect(() => addon().binary({ ...table, a: floats(6), b: floats(4) })).toThrow('rows and columns of an operand');
  });

  it('of packed weights is rejected for a weight of another length', () => {
    const stack = [4, 4, 1, 1, 2, 0, 0, 0];
    const scales = { encoderScale: 1, decoderScale: 1, count: 40, precision: 0 };
    const open = (weights: () => Float32Array, sizes = [2, ...stack, ...stack]) =>
      addon().openTransformer({ sizes, weights, ...scales });
    expect(() => open(() => floats(7))).toThrow('openTransformer: weight 0 has 7 elements, expected 8');
    expect(() => open(() => floats(8), [2, ...stack, ...stack.with(3, 3)])).toThrow('heads must divide embed');
    expect(() => open(() => floats(8), [2 ** 31, ...stack, ...stack])).toThrow('sizes must be from 1 to 2^30');
    expect(() => call('openTransformer', { sizes: [2, ...stack, ...stack], weights: () => 1, ...scales })).toThrow(
      'weight 0 must be a Float32Array',
    );
  });
});
