import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { CudaBackend } from '../src/backend.js';
import { deviceKernels } from '../src/kernels/index.js';
import { storedAsBfloat16, uniform, useCuda } from './helpers/backends.js';
import { rounded } from './helpers/kernels.js';

let backend: CudaBackend;
beforeAll(async () => {
  backend = await useCuda();
});

type Operation = (x: tf.Tensor, y: tf.Tensor) => tf.Tensor | tf.Tensor[];

/** Functions of tfjs by their names. */
const operations: Readonly<Record<string, unknown>> = tf;
const named = (
  names: string,
  call: (run: (...tensors: tf.Tensor[]) => tf.Tensor) => Operation,
): [string, Operation][] =>
  names.split(' ').map((name) => [name, call(operations[name] as (...tensors: tf.Tensor[]) => tf.Tensor)]);
const unary = (names: string) => named(names, (run) => (x) => run(x));
const binary = (names: string) => named(names, (run) => (x, y) => run(x, y));

const rows = (x: tf.Tensor): tf.Tensor2D => tf.reshape(x, [x.shape[0]!, -1]) as tf.Tensor2D;
const image = (x: tf.Tensor): tf.Tensor4D => tf.reshape(x, [1, x.shape[0]!, x.shape[1]!, 1]);

/** Operations on two tables of the same shape. */
const OPERATIONS: readonly [string, Operation][] = [
  ...unary('abs acos acosh asin asinh atan atanh ceil cos cosh elu erf exp expm1 floor isFinite isInf isNaN log'),
  ...unary('log1p neg reciprocal relu relu6 round rsqrt selu sigmoid sign sin sinh softplus sqrt square tan tanh'),
  ...unary('softmax logSoftmax zerosLike onesLike cumsum logSumExp moments min max mean sum prod clone'),
  ...unary('argMax argMin topk'),
  ...binary('add sub mul div maximum minimum squaredDifference mod atan2 pow'),
  ...binary('equal notEqual greater greaterEqual less lessEqual'),
  ['addN', (x, y) => tf.addN([x, y, x])],
  ['all and any', (x, y) => [tf.all(tf.greater(x, y)), tf.any(tf.greater(x, y))]],
  ['batchNorm', (x, y) => tf.batchNorm(x as tf.Tensor2D, tf.mean(x, 0), tf.square(tf.mean(y, 0)) as tf.Tensor1D)],
  ['broadcasting', (x, y) => tf.add(tf.expandDims(x, 0), tf.sum(y, 1, true))],
  ['cast', (x) => [tf.cast(x, 'int32'), tf.cast(x, 'bool'), tf.cast(x, 'float32')]],
  ['clipByValue', (x) => tf.clipByValue(x, -0.5, 0.25)],
  ['complex', (x, y) => tf.real(tf.mul(tf.complex(x, y), tf.complex(y, x)))],
  ['concat', (x, y) => [tf.concat([x, y], 0), tf.concat([x, y], 1)]],
  ['conv2d', (x) => tf.conv2d(image(x), tf.ones([2, 2, 1, 1]), 1, 'same')],
  ['depthToSpace', (x) => tf.depthToSpace(tf.reshape(tf.tile(x, [1, 4]), [1, x.shape[0]!, x.shape[1]!, 4]), 2)],
  [
    'fused matMul',
    (x, y) => tf.fused.matMul({ a: rows(x), b: rows(y), transposeB: true, bias: tf.sum(y, 1), activation: 'relu' }),
  ],
  ['gather', (x) => [tf.gather(x, tf.tensor1d([0, 0], 'int32')), tf.gather(x, tf.tensor1d([0], 'int32'), 1)]],
  ['leakyRelu', (x) => tf.leakyRelu(x, 0.1)],
  [
    'logical operations',
    (x, y) => tf.logicalNot(tf.logicalAnd(tf.greater(x, y), tf.logicalOr(tf.less(x, y), tf.less(y, x)))),
  ],
  ['matMul', (x, y) => [tf.matMul(rows(x), rows(y), true, false), tf.matMul(rows(x), rows(y), false, true)]],
  ['maxPool', (x) => tf.maxPool(image(x), 2, 1, 'same')],
  ['oneHot', (x) => tf.oneHot(tf.argMax(x, 1) as tf.Tensor1D, 5)],
  [
    'pad',
    (x) =>
      tf.pad(
        x,
        [
          [1, 0],
          [0, 2],
        ],
        3,
      ),
  ],
  ['prelu', (x, y) => tf.prelu(x, y)],
  ['reshape', (x) => tf.reshape(x, [-1])],
  ['resizeBilinear', (x) => tf.image.resizeBilinear(image(x), [3, 3])],
  ['reverse', (x) => tf.reverse(x, 1)],
  [
    'slice',
    (x) => [tf.slice(x, [0, 0], [1, x.shape[1]!]), tf.stridedSlice(x, [0, 0], [x.shape[0]!, x.shape[1]!], [1, 2])],
  ],
  ['split', (x) => [...tf.split(x, [1, x.shape[1]! - 1], 1), ...tf.unstack(x, 0)]],
  ['stack', (x, y) => tf.stack([x, y], 1)],
  ['step', (x) => tf.step(x, 0.25)],
  ['tile', (x) => tf.tile(x, [2, 3])],
  ['transpose', (x) => tf.transpose(x)],
  ['unsortedSegmentSum', (x) => tf.unsortedSegmentSum(x, tf.fill([x.shape[0]!], 1, 'int32') as tf.Tensor1D, 2)],
  ['where', (x, y) => tf.where(tf.greater(x, y), x, y)],
];

const SPECIAL = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  0,
  -0,
  2 ** -130,
  -(2 ** -133),
  2 ** 127,
  1.5,
];

const valuesOf = (size: number, seed: number, special: boolean): Float32Array =>
  rounded(uniform(size, seed)).map((value, i) => (special && i % 5 === 0 ? SPECIAL[(i / 5) % SPECIAL.length]! : value));

/** The values of an operation on tables of this shape, and the kernels that it ran. */
async function run(
  operation: Operation,
  {
    shape,
    seed,
    special,
  }: { readonly shape: readonly [number, number]; readonly seed: number; readonly special: boolean },
  make: (values: Float32Array, shape: readonly number[]) => tf.Tensor,
): Promise<{ values: unknown[]; kernels: string[] }> {
  const values: unknown[] = [];
  const { kernelNames } = await tf.profile(() =>
    tf.tidy(() => {
      const [x, y] = [0, 1].map((k) => make(valuesOf(shape[0] * shape[1], seed + k, special), shape));
      const results = [operation(x!, y!)].flatMap((result) =>
        result instanceof tf.Tensor ? [result] : Object.values(result),
      );
      for (const result of results) values.push(result.shape, result.dataSync());
    }),
  );
  return { values, kernels: kernelNames };
}

const plain = (values: Float32Array, shape: readonly number[]): tf.Tensor => tf.tensor(values.slice(), [...shape]);
const stored = (values: Float32Array, shape: readonly number[]): tf.Tensor => storedAsBfloat16(backend, values, shape);

describe('a tensor stored as bfloat16', () => {
  afterEach(() => expect(backend.poolBytes.inUse).toBe(0));

  test.each(OPERATIONS)('gives %s the same values as float32 does', async (_, operation) => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          shape: fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 2, max: 9 })),
          seed: fc.integer({ min: 1, max: 1000 }),
          special: fc.boolean(),
        }),
        async (inputs) => {
          const expected = await run(operation, inputs, plain);
          expect((await run(operation, inputs, stored)).values).toEqual(expected.values);
        },
      ),
      { numRuns: 8 },
    );
  });

  test('is tested with every kernel of tfjs that the device has', async () => {
    const seen = new Set<string>();
    for (const [, operation] of OPERATIONS) {
      const { kernels } = await run(operation, { shape: [3, 4], seed: 1, special: false }, stored);
      for (const kernel of kernels) seen.add(kernel);
    }
    const others = new Set(['Fill', 'FloorDiv']); // of no tensor, of integers
    const own = deviceKernels.map(({ kernelName }) => kernelName);
    const ofTfjs = own.filter((name) => tf.getKernel(name, 'cpu') !== undefined);
    expect(ofTfjs.filter((name) => !seen.has(name) && !others.has(name))).toEqual([]);
    expect(ofTfjs.length).toBeGreaterThan(60);
  });

  test('takes two bytes an element, and is widened exactly on both sides', async () => {
    // Every bfloat16: numbers, subnormal numbers, zeros, infinities and NaN.
    const words = Uint32Array.from({ length: 2 ** 16 }, (_, half) => half << 16);
    const values = new Float32Array(words.buffer);
    const before = backend.poolBytes.inUse;
    const x = storedAsBfloat16(backend, values, [values.length]);
    expect(backend.poolBytes.inUse - before).toBe(2 * values.length);
    const onDevice = tf.tidy(() => tf.mul(x, tf.scalar(1)));
    expect(onDevice.dataSync()).toEqual(values);
    expect(x.dataSync()).toEqual(values);
    expect(await x.data()).toEqual(values);
    tf.dispose([x, onDevice]);
  });

  test('shares its values with clones and reshaped tensors, and has gradients', () => {
    tf.tidy(() => {
      const x = stored(Float32Array.of(1, 2, 3, 4), [2, 2]);
      const clone = tf.reshape(tf.clone(x), [4]);
      expect(backend.storageOf(clone)).toBe('bfloat16');
      expect(backend.storedAddress(clone)).toBe(backend.storedAddress(x));
      expect([
        ...tf
          .grad((z: tf.Tensor) => tf.sum(tf.mul(z, tf.mul(z, z))))(x)
          .dataSync(),
      ]).toEqual([3, 12, 27, 48]);
    });
  });

  test('is copied to float32 for one kernel at a time', () => {
    tf.tidy(() => {
      const x = stored(uniform(1000), [1000]);
      const before = { ...backend.statistics, bytes: backend.poolBytes.inUse };
      const y = tf.exp(x);
      expect(backend.statistics.widened).toBe(before.widened + 1);
      expect(backend.poolBytes.inUse).toBe(before.bytes + 4096);
      y.dispose();
    });
  });
});
