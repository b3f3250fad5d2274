import { isAvailable } from 'tfjs-backend-onednn';
import { describe, expect, it } from 'vitest';
import { openDevice } from '../../src/devices/index.js';
import { fixed } from '../../src/optim/fixed.js';
import { sgd } from '../../src/optim/sgd.js';
import { selectOptions } from '../../src/options/select.js';
import type { Criterion, CriterionInput, CriterionOutput, Metric } from '../../src/plugins/criterion.js';
import * as tf from '../../src/tf/index.js';
import { readLoss } from '../../src/training/batch-loss.js';
import { Trainer } from '../../src/training/trainer.js';
import { validate } from '../../src/training/validation.js';
import { buildTransformer, REFERENCE_OPTIONS, referenceTask } from '../helpers/reference-model.js';
import { goldenBatches, trainingWithoutEnd } from './toy-trainer.js';

const MESSAGE = 'the criterion is broken';

const crossEntropy = ({ scores }: CriterionInput): { loss: tf.Scalar; nll: tf.Scalar } => {
  const nll = tf.neg(tf.sum(scores.statistics().targetLogProb)) as tf.Scalar;
  return { loss: nll, nll };
};

/** x with a gradient that throws. */
const withoutBackward = (x: tf.Scalar): tf.Scalar =>
  tf.customGrad((input, save) => {
    (save as tf.GradSaveFunc)([input as tf.Tensor]);
    return {
      value: tf.clone(input as tf.Scalar),
      gradFunc: () => {
        throw new Error(MESSAGE);
      },
    };
  })(x) as tf.Scalar;

/** The ways in which a criterion can fail, and the error messages. */
const failures: { title: string; message: string; forward: (input: CriterionInput) => CriterionOutput }[] = [
  {
    title: 'throws',
    message: MESSAGE,
    forward: (input) => {
      crossEntropy(input);
      throw new Error(MESSAGE);
    },
  },
  {
    title: 'returns no nll',
    message: 'Argument',
    forward: (input) => ({ loss: crossEntropy(input).loss }) as CriterionOutput,
  },
  {
    title: 'returns a metric without a sum',
    message: 'Argument',
    forward: (input) => ({ ...crossEntropy(input), metrics: { broken: { unit: 'count' } as Metric } }),
  },
  {
    title: 'returns a loss that depends on no weight',
    message: 'the loss depends on no weight',
    forward: (input) => ({ ...crossEntropy(input), loss: tf.scalar(1) }),
  },
  {
    title: 'has a gradient that throws',
    message: MESSAGE,
    forward: (input) => {
      const { loss, nll } = crossEntropy(input);
      return { loss: withoutBackward(loss), nll, metrics: { double: { sum: tf.mul(nll, 2), unit: 'nats' } } };
    },
  },
  {
    title: 'returns NaN',
    message: 'the loss is NaN',
    forward: (input) => {
      const { loss, nll } = crossEntropy(input);
      return { loss: tf.mul(loss, Number.NaN), nll };
    },
  },
];

const devices = isAvailable().available ? (['cpu', 'wasm'] as const) : (['wasm'] as const);

/** The number and bytes of tensors, and the bytes of the native pool if it exists. */
function memory(): object {
  const { numTensors, numBytes } = tf.engine().memory();
  const { poolBytes } = tf.engine().backend as { poolBytes?: { inUse: number } };
  return { numTensors, numBytes, inUse: poolBytes?.inUse };
}

/** A trainer whose criterion can be replaced. */
async function makeTrainer(device: (typeof devices)[number], options: object = {}) {
  const { arenaKernels: kernels } = await openDevice(device, { threads: null });
  const model = buildTransformer(referenceTask(), { ...REFERENCE_OPTIONS, ...options });
  const criterion = { paddingRows: 'drop' as const, forward: crossEntropy as Criterion['forward'] };
  const trainer = new Trainer(
    {
      ...{ model, criterion, kernels },
      optimizer: sgd.build(selectOptions(sgd.options, {}), model.parameters, kernels),
      lrScheduler: fixed.build(selectOptions(fixed.options, {}), [1e-3], trainingWithoutEnd),
    },
    { seed: 1, clipNorm: 0, sentenceAvg: false, ignorePrefixSize: 0 },
  );
  return { model, criterion, trainer };
}

describe.each(devices)('on %s', (device) => {
  it.each([{ checkpointActivations: false }, { checkpointActivations: true }])(
    'a step whose criterion fails leaves no tensor behind and does not affect the next step: %o',
    async (options) => {
      const [first, second, third] = goldenBatches(3, 80);
      const { model, criterion, trainer } = await makeTrainer(device, options);
      await trainer.step([first!, second!], 1);
      const before = memory();
      for (const { title, forward, message } of failures) {
        criterion.forward = forward;
        await expect(trainer.step([second!], 1), title).rejects.toThrow(message);
        expect(memory(), title).toEqual(before);
      }
      criterion.forward = crossEntropy;
      const report = await trainer.step([second!, third!], 1);
      expect(memory()).toEqual(before);
      const undisturbed = await makeTrainer(device, options);
      await undisturbed.trainer.step([first!, second!], 1);
      const expected = await undisturbed.trainer.step([second!, third!], 1);
      expect([report.loss, report.gradientNorm]).toEqual([expected.loss, expected.gradientNorm]);
      expect(model.parameters.values).toEqual(undisturbed.model.parameters.values);
      model.dispose();
      undisturbed.model.dispose();
    },
  );

  it('a validation whose criterion throws leaves no tensor behind', async () => {
    const task = referenceTask();
    const { model, criterion } = await makeTrainer(device);
    const data = task.loadSplit('valid');
    try {
      const parts = { task, model, criterion, startBleu: null };
      const split = { data, batches: task.makeBatches(data, { maxTokens: 80, seed: 1 }).batches };
      const options = { sentenceAvg: false, ignorePrefixSize: 0, maxValidSteps: 1 };
      await validate(parts, split, 1, options);
      const before = memory();
      criterion.forward = failures[0]!.forward;
      await expect(validate(parts, split, 1, options)).rejects.toThrow(MESSAGE);
      expect(memory()).toEqual(before);
    } finally {
      data.close();
      model.dispose();
    }
  });
});

it('an output that cannot be read is disposed', async () => {
  const { numTensors } = tf.engine().memory();
  const [loss, nll] = [tf.scalar(1), tf.scalar(2)];
  nll.dispose();
  await expect(readLoss({ loss, nll })).rejects.toThrow();
  expect(tf.engine().memory().numTensors).toBe(numTensors);
});
