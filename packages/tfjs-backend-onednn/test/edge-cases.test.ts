import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import './compare.js';

type Type = 'float32' | 'int32' | 'bool';
type Shape = readonly number[];
type Operation = (...tensors: tf.Tensor[]) => tf.Tensor | tf.Tensor[];

/** A tensor as plain data. */
interface Plain {
  readonly dtype: string;
  readonly shape: Shape;
  readonly values: readonly number[];
}

const toTensor = ({ dtype, shape, values }: Plain): tf.Tensor => tf.tensor([...values], [...shape], dtype as Type);
const toPlain = (t: tf.Tensor): Plain => ({ dtype: t.dtype, shape: t.shape, values: Array.from(t.dataSync()) });

/** The result of an operation on a backend. Asserts that nothing else is left of it. */
async function results(backend: string, inputs: readonly Plain[], operation: Operation): Promise<Plain[]> {
  await tf.setBackend(backend);
  const before = tf.memory().numTensors;
  const outputs = tf.tidy(() => [operation(...inputs.map(toTensor))].flat());
  const plain = outputs.map(toPlain);
  tf.dispose(outputs);
  expect(tf.memory().numTensors).toBe(before);
  return plain;
}

/** Asserts that native kernels and plain JavaScript agree, NaN and infinities in the same places. */
async function expectSame(inputs: readonly Plain[], operation: Operation): Promise<void> {
  const native = await results('onednn', inputs, operation);
  const plain = await results('cpu', inputs, operation);
  const types = (outputs: readonly Plain[]) => outputs.map(({ dtype, shape }) => [dtype, ...shape]);
  expect(types(native)).toEqual(types(plain));
  plain.forEach(({ values }, output) => {
    values.forEach((expected, index) => {
      const value = native[output]!.values[index]!;
      if (Number.isFinite(expected)) expect(Math.abs(value - expected)).toBeLessThan(1e-5 * (1 + Math.abs(expected)));
      else expect(value).toBe(expected);
    });
  });
}

// Sums and products of these are exact in float32: their order does not matter.
const FINITE = [0, -0, 1, -1, 0.5, 3, -7.25, 100];
const finite = fc.constantFrom(...FINITE);
const anyNumber = fc.constantFrom(...FINITE, Number.NaN, Infinity, -Infinity);
const anyType = fc.constantFrom<Type>('float32', 'int32', 'bool');
const anySize = fc.constantFrom(0, 1, 2, 3, 5, 17);

const elements = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);
const axesOf = (shape: Shape): number[] => shape.map((_, axis) => axis);
const shapes = (minLength: number, maxLength: number): fc.Arbitrary<number[]> =>
  fc.array(anySize, { minLength, maxLength }).filter((shape) => elements(shape) <= 600);

function tensors(shape: Shape, dtype: Type = 'float32', numbers = anyNumber): fc.Arbitrary<Plain> {
  const length = elements(shape);
  return fc.array(numbers, { minLength: length, maxLength: length }).map((values) => ({ dtype, shape, values }));
}

/** Two shapes that broadcast to one: each may lack some of its first axes and have 1 for others. */
const broadcastShapes = shapes(0, 4).chain((whole) => {
  const part = fc
    .tuple(fc.nat(whole.length), fc.subarray(axesOf(whole)))
    .map(([first, ones]) => whole.map((size, axis) => (ones.includes(axis) ? 1 : size)).slice(first));
  return fc.tuple(part, part);
});

describe('with NaN, infinities, no elements and other types, native kernels and plain JavaScript agree on', () => {
  const operations = { add: tf.add, sub: tf.sub, mul: tf.mul, div: tf.div };
  test.each(Object.entries(operations))('%s', async (_, operation) => {
    const operands = fc
      .tuple(broadcastShapes, anyType, anyType)
      .chain(([[a, b], aType, bType]) => fc.tuple(tensors(a, aType), tensors(b, bType)));
    await fc.assert(fc.asyncProperty(operands, (inputs) => expectSame(inputs, (a, b) => operation(a!, b!))));
  });

  test('sums', async () => {
    const cases = fc
      .tuple(shapes(0, 4), anyType)
      .chain(([shape, type]) => fc.tuple(tensors(shape, type), fc.subarray(axesOf(shape)), fc.boolean()));
    await fc.assert(fc.asyncProperty(cases, ([x, axes, keep]) => expectSame([x], (t) => tf.sum(t!, axes, keep))));
  });

  test('softmax', async () => {
    const cases = shapes(1, 3).chain((shape) => tensors(shape));
    await fc.assert(fc.asyncProperty(cases, (x) => expectSame([x], (t) => [tf.softmax(t!), tf.logSoftmax(t!)])));
  });

  test('transpositions', async () => {
    const cases = fc
      .tuple(shapes(0, 4), anyType)
      .chain(([shape, type]) =>
        fc.tuple(tensors(shape, type), fc.shuffledSubarray(axesOf(shape), { minLength: shape.length })),
      );
    await fc.assert(fc.asyncProperty(cases, ([x, order]) => expectSame([x], (t) => tf.transpose(t!, order))));
  });

  test('products of matrices', async () => {
    const batches = fc.constantFrom<[Shape, Shape]>(
      [[], []],
      [[3], [3]],
      [[3], []],
      [[], [2, 2]],
      [[2, 3], [3]],
      [[0], [1]],
    );
    const cases = fc
      .tuple(anySize, anySize, anySize, fc.boolean(), fc.boolean(), batches, anyType)
      .chain(([m, k, n, transposeA, transposeB, [aBatch, bBatch], type]) =>
        fc.tuple(
          tensors([...aBatch, ...(transposeA ? [k, m] : [m, k])]),
          tensors([...bBatch, ...(transposeB ? [n, k] : [k, n])], type),
          fc.constant([transposeA, transposeB] as const),
        ),
      );
    await fc.assert(
      fc.asyncProperty(cases, ([a, b, transposed]) => expectSame([a, b], (x, y) => tf.matMul(x!, y!, ...transposed))),
    );
  });

  test('products with a bias', async () => {
    const side = fc.constantFrom(1, 2, 3);
    const cases = fc
      .tuple(side, anySize, side, fc.constantFrom('linear' as const, 'relu' as const))
      .chain(([m, k, n, activation]) => {
        const biases = fc.constantFrom([n], [1, n], [m, 1], [m, n], [1], []).chain((shape) => tensors(shape));
        return fc.tuple(tensors([m, k]), tensors([k, n]), biases, fc.constant(activation));
      });
    await fc.assert(
      fc.asyncProperty(cases, ([a, b, bias, activation]) =>
        expectSame([a, b, bias], (x, y, offset) =>
          tf.fused.matMul({ a: x as tf.Tensor2D, b: y as tf.Tensor2D, bias: offset!, activation }),
        ),
      ),
    );
  });

  test('slices', async () => {
    const cases = fc.tuple(shapes(1, 4), anyType).chain(([shape, type]) => {
      const ranges = shape.map((size) =>
        fc.nat(size).chain((begin) => fc.tuple(fc.constant(begin), fc.oneof(fc.constant(-1), fc.nat(size - begin)))),
      );
      return fc.tuple(tensors(shape, type), fc.tuple(...ranges));
    });
    await fc.assert(
      fc.asyncProperty(cases, ([x, ranges]) => {
        const [begin, size] = [ranges.map(([first]) => first), ranges.map(([, count]) => count)];
        return expectSame([x], (t) => tf.slice(t!, begin, size));
      }),
    );
  });

  test('joining and splitting', async () => {
    const cases = fc
      .tuple(shapes(1, 3), anyType, fc.array(anySize, { minLength: 1, maxLength: 12 }))
      .chain(([shape, type, sizes]) =>
        fc.nat(shape.length - 1).chain((axis) => {
          const parts = sizes.map((size) =>
            tensors(
              shape.map((other, i) => (i === axis ? size : other)),
              type,
            ),
          );
          return fc.tuple(fc.constant(axis), fc.constant(sizes), fc.tuple(...parts));
        }),
      )
      // Plain JavaScript cannot split a tensor without elements that it has concatenated.
      .filter(([, , parts]) => parts.some(({ shape }) => elements(shape) > 0));
    await fc.assert(
      fc.asyncProperty(cases, ([axis, sizes, parts]) =>
        expectSame(parts, (...inputs) => {
          const whole = tf.concat(inputs, axis);
          return [whole, ...tf.split(whole, sizes, axis)];
        }),
      ),
    );
  });

  test('gathering', async () => {
    const cases = fc.tuple(shapes(1, 3), anyType).chain(([shape, type]) =>
      fc.nat(shape.length - 1).chain((axis) => {
        const rows = fc.array(fc.nat(Math.max(0, shape[axis]! - 1)), { maxLength: shape[axis] === 0 ? 0 : 6 });
        return fc.tuple(tensors(shape, type), rows, fc.constant(axis));
      }),
    );
    await fc.assert(
      fc.asyncProperty(cases, ([x, rows, axis]) =>
        expectSame([x], (t) => tf.gather(t!, tf.tensor1d(rows, 'int32'), axis)),
      ),
    );
  });

  // Finite, because plain JavaScript multiplies elements of other segments by 0.
  test('sums of segments', async () => {
    const cases = fc.tuple(anySize, anySize, anyType).chain(([rows, width, type]) => {
      const ids = fc.array(fc.integer({ min: -1, max: 4 }), { minLength: rows, maxLength: rows });
      return fc.tuple(tensors([rows, width], type, finite), ids);
    });
    await fc.assert(
      fc.asyncProperty(cases, ([x, ids]) =>
        expectSame([x], (t) => tf.unsortedSegmentSum(t!, tf.tensor1d(ids, 'int32'), 5)),
      ),
    );
  });

  // Finite, because plain JavaScript orders ∞ and ∞ by ∞ − ∞.
  test('the k largest', async () => {
    const columns = fc.constantFrom(1, 2, 5, 17, 100);
    const cases = fc
      .tuple(shapes(0, 2), columns, anyType)
      .chain(([shape, last, type]) => fc.tuple(tensors([...shape, last], type, finite), fc.nat(last)));
    await fc.assert(fc.asyncProperty(cases, ([x, k]) => expectSame([x], (t) => Object.values(tf.topk(t!, k)))));
  });
});

describe('without plain JavaScript as a reference,', () => {
  test.each([
    { x: [Number.NaN, 1, 5, 2], k: 2, values: [Number.NaN, 5], indices: [0, 2] },
    { x: [1, Number.NaN, 3, Number.NaN], k: 3, values: [Number.NaN, Number.NaN, 3], indices: [1, 3, 2] },
    {
      x: [-Infinity, Infinity, -Infinity, Infinity],
      k: 3,
      values: [Infinity, Infinity, -Infinity],
      indices: [1, 3, 0],
    },
    { x: [...new Array(200).fill(1), Number.NaN, 2], k: 3, values: [Number.NaN, 2, 1], indices: [200, 201, 0] },
  ])('the $k largest have NaN before the numbers, and equals by index', async ({ x, k, values, indices }) => {
    await tf.setBackend('onednn');
    const top = tf.tidy(() => Object.values(tf.topk(tf.tensor1d(x), k)).map((t) => [...t.dataSync()]));
    expect(top).toEqual([values, indices]);
  });

  test.each([
    { a: [2, 1, 4, 5], b: [1, 3, 5, 6] },
    { a: [2, 1, 4, 5], b: [1, 2, 5, 6] },
    { a: [3, 4, 5], b: [2, 1, 5, 6] },
    { a: [2, 3, 4, 5], b: [2, 1, 5, 6] },
  ])('batches $a and $b of matrices broadcast as in arithmetic', async ({ a, b }) => {
    await tf.setBackend('onednn');
    const difference = tf.tidy(() => {
      const left = tf.randomUniform(a);
      const right = tf.randomUniform(b);
      const products = tf.mul(tf.expandDims(left, -1), tf.expandDims(right, -3)); // [..., m, k, n]
      return tf.max(tf.abs(tf.sub(tf.matMul(left, right), tf.sum(products, -2)))).dataSync()[0];
    });
    expect(difference).toBeLessThan(1e-5);
  });

  test.each(['float32', 'int32', 'bool'] as const)('tensors of %s without elements join and split', async (dtype) => {
    await tf.setBackend('onednn');
    const shapesOfParts = tf.tidy(() => {
      const whole = tf.concat([tf.tensor([], [0, 2], dtype), tf.tensor([], [0, 2], dtype)]);
      return tf.split(whole, 2, 1).map((part) => [part.dtype, ...part.shape]);
    });
    expect(shapesOfParts).toEqual([
      [dtype, 0, 1],
      [dtype, 0, 1],
    ]);
  });

  test('a sum of segments keeps NaN within its own segment', async () => {
    await tf.setBackend('onednn');
    const sums = tf.tidy(() =>
      tf.unsortedSegmentSum(tf.tensor1d([Number.NaN, 1]), tf.tensor1d([0, 1], 'int32'), 2).dataSync(),
    );
    expect([...sums]).toEqual([Number.NaN, 1]);
  });

  test('a kernel that throws leaves no data behind', async () => {
    await tf.setBackend('onednn');
    const before = tf.engine().backend.numDataIds();
    const gather = () => tf.tidy(() => tf.gather(tf.ones([2, 2]), tf.tensor1d([7], 'int32')));
    expect(gather).toThrow('GatherV2: the index value 7 is not in [0, 1]');
    expect(tf.engine().backend.numDataIds()).toBe(before);
  });
});
