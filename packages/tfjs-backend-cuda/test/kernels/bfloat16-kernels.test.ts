import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { crossAttention, selfAttention } from '../../../../src/ops/attention.js';
import { dropout, dropoutAdd } from '../../../../src/ops/dropout.js';
import { dropoutAddLayerNorm, layerNorm } from '../../../../src/ops/layer-norm.js';
import { linear } from '../../../../src/ops/linear.js';
import { type RowLayout, tokenLayout } from '../../../../src/ops/row-layout.js';
import { classifierScores } from '../../../../src/ops/row-scores.js';
import { adamStep, collectGradients, DeviceArena } from '../../src/arena.js';
import { storedAsBfloat16 } from '../helpers/backends.js';
import { rounded, uniform } from '../helpers/kernels.js';
import { cuda, difference, floats, type Input, type Operation } from './compare.js';

const PADDING = 1;
const DROPOUT = { probability: 0.3, seed: 7, update: 11, microBatch: 2, site: 5 };

beforeEach(async () => {
  await tf.setBackend('cuda');
  cuda().precision = 'bfloat16';
});
afterEach(() => {
  cuda().precision = 'float32';
});

/** The value of an operation and the gradients of Σ value ∘ weights, with products of this precision. */
function evaluate(precision: 'float32' | 'bfloat16', inputs: Readonly<Record<string, Input>>, operation: Operation) {
  cuda().precision = precision;
  const { widened } = cuda().statistics;
  const results = tf.tidy(() => {
    const names = Object.keys(inputs);
    const tensors = names.map((name) => {
      const { shape, values } = inputs[name]!;
      return tf.tensor(values.slice(), [...shape], values instanceof Int32Array ? 'int32' : 'float32');
    });
    const run = (...parts: tf.Tensor[]): tf.Tensor =>
      operation(Object.fromEntries(names.map((name, i) => [name, parts[i]!])));
    const parameters = tensors.filter(({ dtype }) => dtype === 'float32');
    const withParameters = (...parts: tf.Tensor[]): tf.Tensor =>
      run(...tensors.map((tensor) => (tensor.dtype === 'float32' ? parts[parameters.indexOf(tensor)]! : tensor)));
    const y = run(...tensors);
    const dy = tf.tensor(uniform(y.size, 77), y.shape);
    const gradients = tf.grads(withParameters)(parameters, dy);
    return [y, ...gradients].map((tensor) => Float32Array.from(tensor.dataSync()));
  });
  return { results, widened: cuda().statistics.widened - widened };
}

/** Expects a bfloat16 operation to be as exact as bfloat16, to differ from float32, and to copy nothing to float32. */
function expectBfloat16(inputs: Readonly<Record<string, Input>>, operation: Operation): void {
  const exact = evaluate('float32', inputs, operation);
  const actual = evaluate('bfloat16', inputs, operation);
  expect(evaluate('bfloat16', inputs, operation).results).toEqual(actual.results);
  for (const [index, values] of exact.results.entries()) {
    expect(difference(actual.results[index]!, values), `result ${index}`).toBeLessThan(2e-2);
  }
  expect(difference(actual.results[0]!, exact.results[0]!)).toBeGreaterThan(1e-5);
  expect(actual.widened).toBe(0);
}

describe('a linear layer with bfloat16 products', () => {
  test.each(['linear', 'relu'] as const)('gives tensors that are stored as bfloat16 (%s)', (activation) => {
    tf.tidy(() => {
      const [x, weight, bias] = [tf.ones<tf.Rank.R2>([2, 3]), tf.ones<tf.Rank.R2>([4, 3]), tf.ones<tf.Rank.R1>([4])];
      const y = linear(x, weight, bias, activation);
      expect(cuda().storageOf(y)).toBe('bfloat16');
      expect([...y.dataSync()]).toEqual(new Array(8).fill(4));
    });
    const inputs = { x: floats([30, 24], 1), weight: floats([24, 24], 2), bias: floats([24], 3) };
    expectBfloat16(inputs, (tensors) => {
      const { x, weight, bias } = tensors as { x: tf.Tensor2D; weight: tf.Tensor2D; bias: tf.Tensor1D };
      return linear(linear(x, weight, bias, activation), weight, bias);
    });
  });

  test('rounds each float32 tensor once', () => {
    tf.tidy(() => {
      const [x, weight, bias] = [tf.ones<tf.Rank.R2>([2, 3]), tf.ones<tf.Rank.R2>([4, 3]), tf.ones<tf.Rank.R1>([4])];
      const launches = (): number => {
        const before = cuda().statistics.launches;
        linear(x, weight, bias);
        return cuda().statistics.launches - before;
      };
      expect([launches(), launches()]).toEqual([3, 1]);
    });
  });
});

/** The starts and the padding of sentences of these lengths, as a layout of rows without other rows. */
const layoutOf = (lengths: readonly number[]): RowLayout =>
  tokenLayout(
    Int32Array.from(lengths.flatMap((length) => Array.from({ length: 12 }, (_, i) => (i < length ? 5 : PADDING)))),
    [lengths.length, 12],
    PADDING,
    'tokens',
  );

describe('attention with bfloat16 products', () => {
  const projection = { weight: floats([24, 16], 2), bias: floats([24], 3), output: floats([8, 8], 4) };
  test('takes and gives tensors that are stored as bfloat16', () => {
    const inputs = { x: floats([16, 16], 1), ...projection };
    expectBfloat16(inputs, (tensors) => {
      const { x, weight, bias, output } = tensors as Record<'x' | 'weight' | 'output', tf.Tensor2D> & {
        bias: tf.Tensor1D;
      };
      const queryKeyValue = linear(x, weight, bias);
      const context = selfAttention(queryKeyValue, layoutOf([4, 12]), { heads: 2, causal: true, dropout: DROPOUT });
      expect(cuda().storageOf(context)).toBe(cuda().precision);
      return linear(context, output, tf.zeros([8]));
    });
  });

  test('attends to other sentences', () => {
    const inputs = { x: floats([16, 16], 1), y: floats([13, 16], 5), ...projection };
    expectBfloat16(inputs, (tensors) => {
      const { x, y, weight, bias, output } = tensors as Record<'x' | 'y' | 'weight' | 'output', tf.Tensor2D> & {
        bias: tf.Tensor1D;
      };
      const query = linear(x, tf.slice(weight, [0, 0], [8, 16]), tf.slice(bias, 0, 8));
      const keyValue = linear(y, tf.slice(weight, [8, 0], [16, 16]), tf.slice(bias, 8, 16));
      const options = { heads: 2, causal: false, dropout: DROPOUT };
      return linear(
        crossAttention(query, layoutOf([4, 12]), keyValue, layoutOf([9, 4]), options),
        output,
        tf.zeros([8]),
      );
    });
  });
});

describe('a sublayer with bfloat16 products', () => {
  const inputs = {
    x: floats([30, 24], 1),
    weight: floats([24, 24], 2),
    bias: floats([24], 3),
    gain: floats([24], 4),
  };
  type Tensors = Record<'x' | 'weight', tf.Tensor2D> & Record<'bias' | 'gain', tf.Tensor1D>;
  const of =
    (run: (tensors: Tensors) => tf.Tensor): Operation =>
    (tensors) =>
      run(tensors as Tensors);

  test('sums and normalises in float32, and gives the next product a rounded copy', () => {
    expectBfloat16(
      inputs,
      of(({ x, weight, bias, gain }) => {
        const y = dropoutAddLayerNorm(linear(x, weight, bias), x, gain, bias, { dropout: DROPOUT });
        expect(cuda().storageOf(y)).toBe('float32');
        const before = cuda().statistics.launches;
        const z = linear(y, weight, bias);
        if (cuda().precision === 'bfloat16') expect(cuda().statistics.launches - before).toBe(1);
        return dropoutAddLayerNorm(z, y, gain, bias, { dropout: null });
      }),
    );
  });

  test('normalises before it', () => {
    expectBfloat16(
      inputs,
      of(({ x, weight, bias, gain }) => {
        const inner = dropout(linear(layerNorm(x, gain, bias), weight, bias), DROPOUT);
        expect(cuda().storageOf(inner)).toBe(cuda().precision);
        const sum = dropoutAdd(linear(inner, weight, bias), x, DROPOUT);
        expect(cuda().storageOf(sum)).toBe('float32');
        return sum;
      }),
    );
  });

  test('sums gradients of products in float32', () => {
    tf.tidy(() => {
      const [a, b] = [1, 2].map((seed) => storedAsBfloat16(cuda(), uniform(1001, seed), [7, 11, 13]));
      const c = tf.tensor(uniform(1001, 3), [7, 11, 13]);
      const { widened } = cuda().statistics;
      const sums = [tf.add(a!, b!), tf.add(a!, c), tf.add(c, b!)].map((sum) => sum.dataSync());
      expect(cuda().statistics.widened).toBe(widened);
      const values = [a!, b!, c].map((x) => x.dataSync());
      const plus = (x: number, y: number) => values[x]!.map((value, i) => value + values[y]![i]!);
      expect(sums).toEqual([plus(0, 1), plus(0, 2), plus(2, 1)]);
    });
  });
});

describe('classifier statistics with bfloat16 products', () => {
  test('have gradients that are stored as bfloat16', () => {
    const inputs = { features: floats([11, 16], 1), weights: floats([72, 16], 2) };
    expectBfloat16(inputs, (tensors) => {
      const { features, weights } = tensors as Record<'features' | 'weights', tf.Tensor2D>;
      const targets = tf.tensor1d(
        Array.from({ length: 11 }, (_, row) => (row * 7) % 72),
        'int32',
      );
      const projected = linear(features, tf.eye(16), tf.zeros([16]));
      const { targetLogProb, meanLogProb } = classifierScores({ features: projected, weights }, targets).statistics();
      return tf.stack([targetLogProb, meanLogProb], 1);
    });
  });
});

describe("the copy of a weights' arena in bfloat16", () => {
  const initial = uniform(48, 1);
  let arena: DeviceArena;
  beforeEach(() => {
    arena = new DeviceArena(48);
    arena.write(initial);
  });
  afterEach(() => {
    arena.dispose();
    expect(cuda().poolBytes.inUse).toBe(0);
  });

  /** The weights that a product multiplies: those of the second half of the arena. */
  const multiplied = (): Float32Array =>
    tf.tidy(() => {
      const weight = arena.tensor(32, [4, 4]) as tf.Tensor2D;
      const identity = tf.eye(4);
      return tf.transpose(linear(identity, weight, tf.zeros([4]))).dataSync() as Float32Array;
    });

  test('is made once', () => {
    expect(multiplied()).toEqual(rounded(initial.slice(32)));
    const launches = (): number => {
      const before = cuda().statistics.launches;
      arena.bfloat16Address();
      return cuda().statistics.launches - before;
    };
    expect(launches()).toBe(0);
    arena.scale(1);
    expect([launches(), launches()]).toEqual([1, 0]);
  });

  test.each<[string, () => void, (value: number) => number]>([
    ['is scaled', () => arena.scale(3), (value) => Math.fround(3 * value)],
    ['is written', () => arena.write(initial.map((value) => value / 3)), (value) => Math.fround(value / 3)],
    ['is added to', () => tf.tidy(() => arena.add(32, tf.ones([16]))), (value) => Math.fround(value + 1)],
    [
      'takes a step of Adam',
      () => {
        const others = [1, 0, 0].map((value) => {
          const other = new DeviceArena(48);
          other.write(new Float32Array(48).fill(value));
          return other;
        });
        const scalars = { beta1: 0, beta2: 0, epsilon: 0, stepSize: 0.25, decay: 0 };
        adamStep(arena, others[0]!, others[1]!, others[2]!, scalars);
        for (const other of others) other.dispose();
      },
      (value) => Math.fround(value - 0.25),
    ],
    [
      'collects gradients',
      () =>
        tf.tidy(() => {
          const tensor = tf.zeros([16]);
          collectGradients([{ tensor, arena, offset: 32 }], () => null, { overwrite: true });
        }),
      () => 0,
    ],
  ])('follows an arena that %s', (_, change, changed) => {
    multiplied();
    change();
    expect(multiplied()).toEqual(rounded(initial.slice(32).map(changed)));
  });
});
