import { isAvailable } from 'tfjs-backend-onednn';
import { describe, expect, it } from 'vitest';
import { openDevice } from '../../src/devices/index.js';
import { gradients } from '../../src/ops/gradients.js';
import { classifierScores } from '../../src/ops/row-scores.js';
import { adam } from '../../src/optim/adam.js';
import { fixed } from '../../src/optim/fixed.js';
import { selectOptions } from '../../src/options/select.js';
import type { Criterion } from '../../src/plugins/criterion.js';
import type { TranslationModel } from '../../src/plugins/model.js';
import * as tf from '../../src/tf/index.js';
import { Trainer } from '../../src/training/trainer.js';
import { buildTransformer, REFERENCE_OPTIONS, referenceTask } from '../helpers/reference-model.js';
import { goldenBatches, trainingWithoutEnd } from './toy-trainer.js';

const EMBED = REFERENCE_OPTIONS.encoderEmbedDim;

type InnerGradient = (loss: (x: tf.Tensor) => tf.Scalar, x: tf.Tensor) => tf.Tensor;

/**
 * Cross entropy times (1 + s). s is the mean steepness of a cross entropy under the model's classifier at other
 * features. Its gradient passes through the model's weights and must not be added to theirs.
 */
const steepnessCriterion = (model: TranslationModel, innerGradient: InnerGradient): Criterion => ({
  paddingRows: 'drop',
  forward({ scores, targets }) {
    const crossEntropy = (of: typeof scores): tf.Scalar => tf.neg(tf.sum(of.statistics().targetLogProb));
    const probe = tf.sin(tf.reshape(tf.range(0, scores.rows * EMBED), [scores.rows, EMBED]));
    const gradient = innerGradient(
      (features) => crossEntropy(classifierScores(model.classifier(features as tf.Tensor2D), targets)),
      probe,
    );
    const steepness = Math.sqrt(tf.sum(tf.square(gradient)).dataSync()[0]! / scores.rows);
    const nll = crossEntropy(scores);
    return { loss: tf.mul(nll, 1 + steepness), nll };
  },
});

/** The loss and the gradient of one update over two micro-batches. */
async function step(device: 'cpu' | 'wasm', innerGradient: InnerGradient, options: object) {
  const { arenaKernels: kernels } = await openDevice(device, { threads: null });
  const model = buildTransformer(referenceTask(), { ...REFERENCE_OPTIONS, ...options });
  const trainer = new Trainer(
    {
      model,
      criterion: steepnessCriterion(model, innerGradient),
      optimizer: adam.build(selectOptions(adam.options, {}), model.parameters, kernels),
      lrScheduler: fixed.build(selectOptions(fixed.options, {}), [1e-3], trainingWithoutEnd),
      kernels,
    },
    { seed: 1, clipNorm: 0, sentenceAvg: false, ignorePrefixSize: 0 },
  );
  const { loss } = await trainer.step(goldenBatches(2, 400), 1);
  const gradient = model.parameters.gradients.slice();
  model.dispose();
  return { loss, gradient };
}

const norm = (x: Float32Array): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));

const INNER_GRADIENTS: Readonly<Record<string, InnerGradient>> = {
  'tf.grad': (loss, x) => {
    const { grads } = tf.engine().gradients(() => loss(x), [x]);
    return grads[0]!;
  },
  gradients: (loss, x) => gradients(() => loss(x), [x]).grads[0]!,
};

describe.skipIf(!isAvailable().available)('a criterion that computes a gradient itself', () => {
  it.each([
    { how: 'tf.grad', options: {} },
    { how: 'gradients', options: {} },
    { how: 'tf.grad', options: { checkpointActivations: true } },
  ])('trains on cpu as on wasm: $how, $options', async ({ how, options }) => {
    const innerGradient = INNER_GRADIENTS[how]!;
    const [native, plain] = [await step('cpu', innerGradient, options), await step('wasm', innerGradient, options)];
    expect(Math.abs(native.loss / plain.loss - 1)).toBeLessThan(1e-5);
    const difference = native.gradient.map((value, index) => value - plain.gradient[index]!);
    expect(norm(difference)).toBeLessThan(1e-4 * norm(plain.gradient));
  });
});
