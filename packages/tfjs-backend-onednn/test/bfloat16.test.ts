import * as tf from '@tensorflow/tfjs';
import { registerOneDnnBackend, supportsBfloat16 } from 'tfjs-backend-onednn';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { linear } from '../../../src/ops/linear.js';
import { classifierScores } from '../../../src/ops/row-scores.js';
import { difference, evaluate, floats, type Input, integers } from './compare.js';

/** Nearest bfloat16: eight bits of mantissa, ties to even. */
function rounded(values: Float32Array): Float32Array {
  const bits = new Uint32Array(Float32Array.from(values).buffer);
  for (let i = 0; i < bits.length; i++) bits[i] = ((bits[i]! + 0x7fff + ((bits[i]! >>> 16) & 1)) & 0xffff0000) >>> 0;
  return new Float32Array(bits.buffer);
}

const roundedInput = ({ shape, values }: Input): Input => ({
  shape,
  values: values instanceof Float32Array ? rounded(values) : values,
});

describe.skipIf(!supportsBfloat16())('products in bfloat16', () => {
  beforeAll(() => registerOneDnnBackend({ bfloat16: true }));
  afterAll(() => registerOneDnnBackend());

  // Less than a block, one block, blocks and a rest, more than the largest block.
  test.each([1, 128, 300, 2500])(
    'of a linear layer with %d rows are float32 sums of rounded operands',
    async (rows) => {
      const inputs = { x: floats([rows, 40], 1), weight: floats([24, 40], 2), bias: floats([24], 3) };
      const layer = ({ x, weight, bias }: Record<string, tf.Tensor>): tf.Tensor =>
        linear(x as tf.Tensor2D, weight as tf.Tensor2D, bias as tf.Tensor1D, 'relu');
      const native = await evaluate('onednn', inputs, layer);
      const exact = await evaluate(
        'cpu',
        { ...inputs, x: roundedInput(inputs.x), weight: roundedInput(inputs.weight) },
        layer,
      );
      expect(difference(native.value, exact.value)).toBeLessThan(1e-5);
      // The gradients also round the incoming gradient, so they are as accurate as bfloat16.
      native.gradients.forEach((gradient, index) => {
        expect(difference(gradient, exact.gradients[index]!)).toBeLessThan(2e-2);
      });
      const float32 = await evaluate('cpu', inputs, layer);
      expect(difference(native.value, float32.value)).toBeGreaterThan(1e-4);
    },
  );

  test('of the classifier keep probabilities and gradients in float32', async () => {
    const inputs = {
      features: floats([61, 24], 1),
      weights: floats([517, 24], 2),
      targets: integers(
        [61],
        Array.from({ length: 61 }, (_, row) => row * 7),
      ),
    };
    const statistics = ({ features, weights, targets }: Record<string, tf.Tensor>): tf.Tensor => {
      const classifier = { features: features as tf.Tensor2D, weights: weights as tf.Tensor2D };
      const { targetLogProb, meanLogProb } = classifierScores(classifier, targets as tf.Tensor1D).statistics();
      return tf.stack([targetLogProb, meanLogProb], 1);
    };
    const native = await evaluate('onednn', inputs, statistics);
    const exact = await evaluate(
      'cpu',
      { ...inputs, features: roundedInput(inputs.features), weights: roundedInput(inputs.weights) },
      statistics,
    );
    expect(difference(native.value, exact.value)).toBeLessThan(1e-5);
    native.gradients.forEach((gradient, index) => {
      expect(difference(gradient, exact.gradients[index]!)).toBeLessThan(2e-2);
    });
  });

  test('are the same bits in every run', async () => {
    const inputs = { x: floats([300, 40], 1), weight: floats([24, 40], 2), bias: floats([24], 3) };
    const layer = ({ x, weight, bias }: Record<string, tf.Tensor>): tf.Tensor =>
      linear(x as tf.Tensor2D, weight as tf.Tensor2D, bias as tf.Tensor1D, 'linear');
    expect(await evaluate('onednn', inputs, layer)).toEqual(await evaluate('onednn', inputs, layer));
  });
});
