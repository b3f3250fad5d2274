import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { crossAttention, selfAttention } from '../../../../src/ops/attention.js';
import type { ClassFunction } from '../../../../src/ops/class-function.js';
import { dropout, dropoutAdd } from '../../../../src/ops/dropout.js';
import { embedding } from '../../../../src/ops/embedding.js';
import { dropoutAddLayerNorm, layerNorm } from '../../../../src/ops/layer-norm.js';
import { linear } from '../../../../src/ops/linear.js';
import type { DropoutSpec } from '../../../../src/ops/random.js';
import { type RowChoice, type RowLayout, tokenLayout } from '../../../../src/ops/row-layout.js';
import { classifierScores } from '../../../../src/ops/row-scores.js';
import { cuda, expectAgreement, floats, type Input, integers } from './compare.js';

const SPECS: readonly { title: string; spec: DropoutSpec | null }[] = [
  { title: 'without dropout', spec: null },
  { title: 'with dropout', spec: { probability: 0.3, seed: 7, update: 11, microBatch: 2, site: 5 } },
];

describe('linear', () => {
  test.each([
    { shape: [3, 5], out: 7, activation: 'linear' },
    { shape: [2, 9, 16], out: 33, activation: 'relu' },
    { shape: [1, 1], out: 1, activation: 'linear' },
  ] as const)('maps $shape to $out columns with activation $activation as plain operations do', async (sizes) => {
    const { shape, out, activation } = sizes;
    await expectAgreement(
      { x: floats(shape, 1), weight: floats([out, shape[shape.length - 1]!], 2), bias: floats([out], 3) },
      ({ x, weight, bias }) => linear(x!, weight as tf.Tensor2D, bias as tf.Tensor1D, activation),
    );
  });

  test('names the shapes of a weight and an input that do not match', async () => {
    await tf.setBackend('cuda');
    tf.tidy(() => {
      const run = (): tf.Tensor => linear(tf.zeros([2, 3]), tf.zeros([4, 5]), tf.zeros([4]));
      expect(run).toThrow('weight has shape [4, 5], expected [4, 3]');
    });
  });

  test('that several layers share gets the sum of their gradients', async () => {
    await expectAgreement({ x: floats([5, 8], 1), weight: floats([8, 8], 2), bias: floats([8], 3) }, (tensors) => {
      const { x, weight, bias } = tensors as { x: tf.Tensor2D; weight: tf.Tensor2D; bias: tf.Tensor1D };
      return tf.add(linear(linear(x, weight, bias, 'relu'), weight, bias), tf.matMul(x, weight, false, true));
    });
  });
});

describe.each(SPECS)('rows $title', ({ spec }) => {
  test.each([[[3, 5]], [[2, 7, 32]], [[1, 4]]])('of %j are normalised as by plain operations', async (shape) => {
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

  test('are dropped and added as by plain operations', async () => {
    const inputs = { x: floats([4, 2, 6], 1), residual: floats([4, 2, 6], 2) };
    await expectAgreement(inputs, ({ x, residual }) => dropoutAdd(dropout(x!, spec), residual!, spec));
  });
});

describe('embedding', () => {
  const ids = [1, 1, 3, 0, 9, 4, 4, 4, 2, 1];
  const inputs = {
    ids: integers([10], ids),
    positions: integers([10], [1, 1, 2, 3, 4, 2, 3, 4, 5, 6]),
    weight: floats([10, 17], 1),
    positionTable: floats([8, 17], 2),
  };
  const embed = (tensors: Record<string, tf.Tensor>, trainPositions: boolean): tf.Tensor =>
    embedding(
      tensors.ids as tf.Tensor1D,
      tensors.weight as tf.Tensor2D,
      tensors.positions as tf.Tensor1D,
      tensors.positionTable as tf.Tensor2D,
      { scale: 1.5, padIndex: 1, trainPositions },
    );

  test('agrees with plain operations', () => expectAgreement(inputs, (tensors) => embed(tensors, true)));

  test('leaves positions that are not trained alone', async () => {
    await tf.setBackend('cuda');
    tf.tidy(() => {
      const tensors = Object.fromEntries(
        Object.entries(inputs).map(([name, { shape, values }]) => [
          name,
          tf.tensor(values, [...shape], values instanceof Int32Array ? 'int32' : 'float32'),
        ]),
      );
      const positions = tf.grad((positionTable) => embed({ ...tensors, positionTable }, false))(tensors.positionTable!);
      expect(cuda().isZeros(positions)).toBe(true);
      expect(positions.dataSync().every((value) => value === 0)).toBe(true);
    });
  });

  test('names an id outside the table', async () => {
    await tf.setBackend('cuda');
    tf.tidy(() => {
      const table = tf.zeros([3, 4]) as tf.Tensor2D;
      const tensors = { ids: tf.tensor1d([0, 3], 'int32'), weight: table, positionTable: table };
      const run = (): tf.Tensor => embed({ ...tensors, positions: tf.zeros([2], 'int32') }, false);
      expect(run).toThrow('token id 3 at index 1 is not in [0, 3)');
    });
  });
});

const PADDING = 1;

/** Sequences whose first (left) or last (right) counts[i] positions are padding, as rows. */
function paddedLayout(time: number, left: readonly number[], right: readonly number[], choice: RowChoice): RowLayout {
  const ids = left.flatMap((count, row) =>
    Array.from({ length: time }, (_, column) => (column < count || column >= time - right[row]! ? PADDING : 5)),
  );
  return tokenLayout(Int32Array.from(ids), [left.length, time], PADDING, choice);
}

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
    { time: 35, embed: 32, heads: 1, left: [5, 0], right: [0, 2], causal: false },
  ])('of a sequence to itself agrees with plain operations: %o', async (sizes) => {
    const { time, embed, heads, left, right, causal } = sizes;
    const layout = (): RowLayout => paddedLayout(time, left, right, rows);
    const inputs = { queryKeyValue: floats([rowsOf(layout), 3 * embed], 1) };
    await expectAgreement(inputs, ({ queryKeyValue }) =>
      selfAttention(queryKeyValue as tf.Tensor2D, layout(), { heads, causal, dropout: spec }),
    );
  });

  test('to another sequence agrees with plain operations', async () => {
    const queries = (): RowLayout => paddedLayout(9, [0, 0, 0], [0, 1, 0], rows);
    const keys = (): RowLayout => paddedLayout(40, [0, 0, 6], [0, 11, 0], rows);
    const inputs = { query: floats([rowsOf(queries), 20], 1), keyValue: floats([rowsOf(keys), 40], 2) };
    await expectAgreement(inputs, ({ query, keyValue }) =>
      crossAttention(query as tf.Tensor2D, queries(), keyValue as tf.Tensor2D, keys(), {
        ...{ heads: 2, causal: false, dropout: spec },
      }),
    );
  });
});

test('attention rejects starts that do not match its rows', async () => {
  await tf.setBackend('cuda');
  tf.tidy(() => {
    const layout = paddedLayout(6, [0, 0], [0, 2], 'tokens');
    const run = (): tf.Tensor => selfAttention(tf.zeros([9, 24]), layout, { heads: 2, causal: true, dropout: null });
    expect(run).toThrow('starts must rise from 0 to the 9 rows, but are 0, 6, 10');
  });
});

const log = { family: 'log', logEnd: 1, clamp: 1e-5, scale: 1, start: 0, abrupt: 0 } as const;

describe('classifier statistics', () => {
  const inputs: Record<string, Input> = {
    features: floats([11, 8], 1),
    weights: floats([70, 8], 2),
    targets: integers(
      [11],
      Array.from({ length: 11 }, (_, row) => (row * 7) % 70),
    ),
  };

  test.each<{ title: string; sums: ClassFunction[] }>([
    { title: 'no sums', sums: [] },
    { title: 'log(1 − p)', sums: [log] },
    {
      title: 'log, a power and cosine with bounds',
      sums: [
        { ...log, logEnd: 0.02, scale: 0.9, start: 0.005 },
        { family: 'power', exponent: 0.5, start: 0.005, abrupt: 0.02 },
        { family: 'cosine', abrupt: 0.03 },
      ],
    },
  ])('with $title agree with plain operations', async ({ sums }) => {
    await expectAgreement(inputs, ({ features, weights, targets }) => {
      const scores = classifierScores(
        { features: features as tf.Tensor2D, weights: weights as tf.Tensor2D },
        targets as tf.Tensor1D,
      );
      const { targetLogProb, meanLogProb, sums: values } = scores.statistics(sums);
      return tf.stack([targetLogProb, meanLogProb, ...values], 1);
    });
  });

  test('keep their logits for the gradient only while gradients are collected', async () => {
    await tf.setBackend('cuda');
    const backend = cuda();
    tf.tidy(() => {
      const [features, weights] = [tf.ones<tf.Rank.R2>([3, 4]), tf.ones<tf.Rank.R2>([5, 4])];
      const bytes: number[] = [];
      const loss = (x: tf.Tensor): tf.Scalar => {
        const scores = classifierScores({ features: x as tf.Tensor2D, weights }, tf.tensor1d([0, 1, 2], 'int32'));
        const value = tf.sum(scores.statistics().targetLogProb) as tf.Scalar;
        bytes.push(backend.gradientPass?.keptBytes ?? 0);
        return value;
      };
      const inUse = (): number => backend.poolBytes.inUse;
      tf.dispose(tf.grad(loss)(features));
      const before = inUse();
      tf.dispose(backend.collectGradients(new Map(), true, () => tf.grad(loss)(features)));
      expect(bytes).toEqual([0, 256]);
      expect(inUse()).toBe(before);
    });
  });
});

test('a pass that overwrites an arena leaves zeros where no gradient arrives', async () => {
  await tf.setBackend('cuda');
  const backend = cuda();
  tf.tidy(() => {
    const [x, weight, bias, unused] = [
      tf.ones<tf.Rank.R2>([2, 3]),
      tf.ones<tf.Rank.R2>([4, 3]),
      tf.ones<tf.Rank.R1>([4]),
      tf.ones([5]),
    ];
    const arena = [weight, bias, unused].map(({ shape }) => tf.fill(shape, 7));
    const targets = new Map(
      [weight, bias, unused].map(({ id, size }, i) => [id, { address: backend.address(arena[i]!), size }] as const),
    );
    backend.collectGradients(targets, true, () => {
      const collected = { weight: weight.id, bias: bias.id };
      const outputs = tf
        .engine()
        .runKernel('FusedLinearGrad', { x, weight, bias, dy: tf.ones([2, 4]) }, { collected } as never);
      expect((outputs as tf.Tensor[]).map((tensor) => backend.isZeros(tensor))).toEqual([false, true, true]);
    });
    for (const tensor of arena) backend.overwritten(tensor);
    expect(arena.map((tensor) => new Set(tensor.dataSync()))).toEqual([new Set([2]), new Set([2]), new Set([0])]);
  });
});
