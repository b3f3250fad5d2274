import * as tf from '@tensorflow/tfjs';
import { collectGradients } from 'tfjs-backend-onednn';
import { describe, expect, test } from 'vitest';
import { crossAttention, selfAttention } from '../../../src/ops/attention.js';
import { dropout, dropoutAdd } from '../../../src/ops/dropout.js';
import { embedding } from '../../../src/ops/embedding.js';
import { dropoutAddLayerNorm, layerNorm } from '../../../src/ops/layer-norm.js';
import { linear } from '../../../src/ops/linear.js';
import type { DropoutSpec } from '../../../src/ops/random.js';
import { type RowChoice, type RowLayout, tokenLayout } from '../../../src/ops/row-layout.js';
import type { OneDnnBackend } from '../src/backend.js';
import { difference, evaluate, expectAgreement, floats, integers, uniform } from './compare.js';

const DROPOUT: DropoutSpec = { probability: 0.3, seed: 7, update: 11, microBatch: 2, site: 5 };
const SPECS = [
  { title: 'without dropout', spec: null },
  { title: 'with dropout', spec: DROPOUT },
];

describe('linear', () => {
  test.each([
    { shape: [3, 5], out: 7, activation: 'linear' },
    { shape: [2, 9, 16], out: 33, activation: 'relu' },
    { shape: [70, 64], out: 48, activation: 'relu' },
    { shape: [1, 1], out: 1, activation: 'linear' },
  ] as const)('maps $shape to $out columns with activation $activation as plain operations do', async (sizes) => {
    const { shape, out, activation } = sizes;
    await expectAgreement(
      { x: floats(shape, 1), weight: floats([out, shape[shape.length - 1]!], 2), bias: floats([out], 3) },
      ({ x, weight, bias }) => linear(x!, weight as tf.Tensor2D, bias as tf.Tensor1D, activation),
    );
  });

  test('names the shapes of a weight and an input that do not match', async () => {
    await tf.setBackend('onednn');
    tf.tidy(() => {
      const run = (): tf.Tensor => linear(tf.zeros([2, 3]), tf.zeros([4, 5]), tf.zeros([4]));
      expect(run).toThrow('weight has shape [4, 5], expected [4, 3]');
    });
  });
});

describe.each(SPECS)('layer normalisation $title', ({ spec }) => {
  test.each([
    [3, 5],
    [2, 7, 32],
    [40, 130],
    [1, 4],
  ])('of shape %j agrees with plain operations', async (...shape) => {
    const embed = shape[shape.length - 1]!;
    const inputs = {
      x: floats(shape, 1),
      residual: floats(shape, 2),
      gain: floats([embed], 3),
      bias: floats([embed], 4),
    };
    await expectAgreement(inputs, ({ x, residual, gain, bias }) =>
      dropoutAddLayerNorm(x!, residual!, gain as tf.Tensor1D, bias as tf.Tensor1D, { dropout: spec }),
    );
    const { residual: _, ...plain } = inputs;
    await expectAgreement(plain, ({ x, gain, bias }) => layerNorm(x!, gain as tf.Tensor1D, bias as tf.Tensor1D));
  });
});

const random = (shape: number[], seed: number): tf.Tensor => tf.tensor(uniform(shape, seed), shape);

/**
 * Three consecutive sublayers on x in a training step: linear layers whose outputs are normalised together with their
 * inputs. Returns gradients by name (the first is the loss) and the state of the pool at the end of the forward pass.
 */
function trainingStep(rows: number, takesOver: boolean): { values: Float32Array[]; inUse: number } {
  const embed = 64;
  return tf.tidy(() => {
    const weights = [1, 2, 3].map((seed) => random([embed, embed], seed) as tf.Tensor2D);
    const [gain, bias] = [random([embed], 4), random([embed], 5)] as [tf.Tensor1D, tf.Tensor1D];
    let inUse = 0;
    const loss = (x: tf.Tensor, ...parameters: tf.Tensor[]): tf.Scalar => {
      let y = x;
      for (const weight of parameters as tf.Tensor2D[]) {
        const output = linear(y, weight, bias);
        y = dropoutAddLayerNorm(output, y, gain, bias, { dropout: DROPOUT, takesOver });
        output.dispose();
      }
      inUse = (tf.backend() as unknown as OneDnnBackend).poolBytes.inUse;
      return tf.sum(tf.mul(y, random([rows, embed], 6)));
    };
    const inputs = [random([rows, embed], 7), ...weights];
    const { value, grads } = collectGradients([], () =>
      tf.valueAndGrads(loss as (...x: tf.Tensor[]) => tf.Scalar)(inputs),
    );
    return { values: [value, ...grads].map((tensor) => tensor.dataSync() as Float32Array), inUse };
  });
}

describe('the end of a sublayer that takes over its input', () => {
  test.each([
    { title: 'small outputs, which are kept', rows: 50 },
    { title: 'large outputs, which are made again', rows: 20_000 },
  ])('has the same bits for $title', async ({ rows }) => {
    await tf.setBackend('onednn');
    const [left, taken] = [trainingStep(rows, false), trainingStep(rows, true)];
    expect(taken.values).toEqual(left.values);
  });

  test('gives up large outputs until the backward pass', async () => {
    await tf.setBackend('onednn');
    const rows = 20_000;
    const { numTensors } = tf.memory();
    const before = (tf.backend() as unknown as OneDnnBackend).poolBytes.inUse;
    const [left, taken] = [trainingStep(rows, false), trainingStep(rows, true)];
    const given = (left.inUse - taken.inUse) / (4 * 64 * rows); // sanitized builds guard a block with some bytes
    expect(given).toBeCloseTo(2, 3); // the last of three outputs is no residual
    expect((tf.backend() as unknown as OneDnnBackend).poolBytes.inUse).toBe(before);
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  test('does not overwrite an input that has another reader, or any input outside of a training step', async () => {
    await tf.setBackend('onednn');
    tf.tidy(() => {
      const [gain, bias] = [tf.ones([4]) as tf.Tensor1D, tf.zeros([4]) as tf.Tensor1D];
      const normalize = (x: tf.Tensor): tf.Tensor =>
        dropoutAddLayerNorm(x, tf.ones([2, 4]), gain, bias, { dropout: null, takesOver: true });
      const x = tf.add(random([2, 4], 1), 1);
      const values = x.dataSync().slice();
      normalize(x);
      expect(x.dataSync()).toEqual(values);
      collectGradients([], () => {
        const alias = tf.reshape(x, [4, 2]);
        normalize(x);
        expect(alias.dataSync()).toEqual(values);
      });
    });
  });
});

describe('dropout', () => {
  test.each([
    [3, 5],
    [2, 7, 36],
    [5, 131],
  ])('of shape %j has the mask of TypeScript and its gradient', async (...shape) => {
    const inputs = { x: floats(shape, 1), residual: floats(shape, 2) };
    await expectAgreement({ x: inputs.x }, ({ x }) => dropout(x!, DROPOUT), 1e-9);
    await expectAgreement(inputs, ({ x, residual }) => dropoutAdd(x!, residual!, DROPOUT), 1e-6);
    await expectAgreement(inputs, ({ x, residual }) => dropoutAdd(x!, residual!, null), 1e-9);
  });
});

describe('embedding', () => {
  const ids = integers([10], [1, 1, 3, 0, 9, 4, 4, 4, 2, 1]);
  const positions = integers([10], [1, 1, 2, 3, 4, 2, 3, 4, 5, 6]);
  test.each([{ trainPositions: true }, { trainPositions: false }])(
    'agrees with plain operations, %o',
    async (option) => {
      const inputs = { ids, positions, weight: floats([10, 17], 1), positionTable: floats([8, 17], 2) };
      const operation = (tensors: Record<string, tf.Tensor>): tf.Tensor =>
        embedding(
          tensors.ids as tf.Tensor1D,
          tensors.weight as tf.Tensor2D,
          tensors.positions as tf.Tensor1D,
          tensors.positionTable as tf.Tensor2D,
          { scale: 1.5, padIndex: 1, ...option },
        );
      const native = await evaluate('onednn', inputs, operation);
      const plain = await evaluate('cpu', inputs, operation);
      expect(difference(native.value, plain.value)).toBeLessThan(1e-6);
      expect(difference(native.gradients[0]!, plain.gradients[0]!)).toBeLessThan(1e-6);
      const dPositions = option.trainPositions ? plain.gradients[1]! : new Float32Array(8 * 17);
      expect(difference(native.gradients[1]!, dPositions)).toBeLessThan(1e-6);
    },
  );

  test('names an id outside the table', async () => {
    await tf.setBackend('onednn');
    tf.tidy(() => {
      const table = tf.zeros([3, 4]) as tf.Tensor2D;
      const run = (): tf.Tensor =>
        embedding(tf.tensor1d([0, 3], 'int32'), table, tf.zeros([2], 'int32'), table, {
          scale: 1,
          padIndex: 1,
          trainPositions: false,
        });
      expect(run).toThrow('token id 3 at index 1 is not in [0, 3)');
    });
  });
});

/** Sequences whose first (left) or last (right) counts[i] positions are padding, as rows. */
function paddedLayout(time: number, left: readonly number[], right: readonly number[], choice: RowChoice): RowLayout {
  const ids = left.flatMap((count, row) =>
    Array.from({ length: time }, (_, column) => (column < count || column >= time - right[row]! ? PADDING : 5)),
  );
  return tokenLayout(Int32Array.from(ids), [left.length, time], PADDING, choice);
}

const PADDING = 1;

/** The rows of a layout; disposes its tensors. */
function rowsOf(layout: () => RowLayout): number {
  const { rows, tensors } = layout();
  tf.dispose([tensors.starts, tensors.padding]);
  return rows;
}

const CHOICES = SPECS.flatMap(({ title, spec }) =>
  (['tokens', 'all'] as const).map((rows) => ({ title: `${title}, rows of ${rows}`, spec, rows })),
);

describe.each(CHOICES)('attention $title', ({ spec, rows }) => {
  test.each([
    { time: 1, embed: 2, heads: 1, left: [0], right: [0], causal: true },
    { time: 7, embed: 24, heads: 3, left: [0, 0], right: [0, 3], causal: true },
    { time: 13, embed: 64, heads: 2, left: [5, 0], right: [0, 2], causal: false },
    { time: 70, embed: 36, heads: 4, left: [0], right: [9], causal: true },
    { time: 101, embed: 20, heads: 1, left: [0, 50], right: [0, 0], causal: false },
  ])(
    'of a sequence to itself agrees with plain operations: %o',
    async ({ time, embed, heads, left, right, causal }) => {
      const layout = (): RowLayout => paddedLayout(time, left, right, rows);
      const inputs = { queryKeyValue: floats([rowsOf(layout), 3 * embed], 1) };
      await expectAgreement(inputs, ({ queryKeyValue }) =>
        selfAttention(queryKeyValue as tf.Tensor2D, layout(), { heads, causal, dropout: spec }),
      );
    },
  );

  test.each([
    { target: 3, source: 5, embed: 6, heads: 2, left: [2, 0], right: [0, 1] },
    { target: 50, source: 19, embed: 64, heads: 2, left: [0, 0, 6], right: [0, 11, 0] },
    { target: 9, source: 66, embed: 40, heads: 1, left: [33, 1], right: [3, 30] },
  ])('to another sequence agrees with plain operations: %o', async ({ target, source, embed, heads, left, right }) => {
    const none = left.map(() => 0);
    const shorter = left.map((_, sequence) => sequence % 2);
    const queries = (): RowLayout => paddedLayout(target, none, shorter, rows);
    const keys = (): RowLayout => paddedLayout(source, left, right, rows);
    const inputs = { query: floats([rowsOf(queries), embed], 1), keyValue: floats([rowsOf(keys), 2 * embed], 2) };
    await expectAgreement(inputs, ({ query, keyValue }) =>
      crossAttention(query as tf.Tensor2D, queries(), keyValue as tf.Tensor2D, keys(), {
        heads,
        causal: false,
        dropout: spec,
      }),
    );
  });
});

describe.each(SPECS)('attention $title', ({ spec }) => {
  test('ignores padding in the middle of a sequence', async () => {
    const ids = Int32Array.of(1, 5, 5, 1, 1, 5, 5, 1, 5);
    await expectAgreement({ queryKeyValue: floats([9, 24], 1) }, ({ queryKeyValue }) =>
      selfAttention(queryKeyValue as tf.Tensor2D, tokenLayout(ids, [1, 9], PADDING, 'all'), {
        heads: 2,
        causal: false,
        dropout: spec,
      }),
    );
  });

  test.each([{ causal: true }, { causal: false }])('is finite for a query that sees no key, %o', async ({ causal }) => {
    const { value, gradients } = await evaluate('onednn', { queryKeyValue: floats([12, 24], 1) }, ({ queryKeyValue }) =>
      selfAttention(queryKeyValue as tf.Tensor2D, paddedLayout(6, [6, 2], [0, 0], 'all'), {
        heads: 2,
        causal,
        dropout: spec,
      }),
    );
    expect([...value, ...gradients[0]!].every(Number.isFinite)).toBe(true);
    expect([...value.subarray(0, 6 * 8)].every((x) => x === 0)).toBe(true);
  });
});

test('attention rejects starts that do not match its rows', async () => {
  await tf.setBackend('onednn');
  tf.tidy(() => {
    const layout = paddedLayout(6, [0, 0], [0, 2], 'tokens');
    const run = (): tf.Tensor => selfAttention(tf.zeros([9, 24]), layout, { heads: 2, causal: true, dropout: null });
    expect(run).toThrow('starts must rise from 0 to the 9 rows, but are 0, 6, 10');
  });
});

test('a weight that fused and plain operations share gets the sum of their gradients', async () => {
  await expectAgreement({ x: floats([5, 8], 1), weight: floats([8, 8], 2), bias: floats([8], 3) }, (tensors) => {
    const { x, weight, bias } = tensors as { x: tf.Tensor2D; weight: tf.Tensor2D; bias: tf.Tensor1D };
    const once = linear(x, weight, bias, 'relu');
    const twice = tf.matMul(linear(once, weight, bias), weight);
    return tf.add(twice, tf.matMul(x, weight, false, true));
  });
});
