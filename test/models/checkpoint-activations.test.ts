import * as tf from '@tensorflow/tfjs';
import { isAvailable } from 'tfjs-backend-onednn';
import { describe, expect, it } from 'vitest';
import { openDevice } from '../../src/devices/index.js';
import { checkpoint } from '../../src/ops/activation-checkpoint.js';
import { gradients } from '../../src/ops/gradients.js';
import { adam } from '../../src/optim/adam.js';
import { fixed } from '../../src/optim/fixed.js';
import { selectOptions } from '../../src/options/select.js';
import { Trainer } from '../../src/training/trainer.js';
import { buildCriterion } from '../helpers/criterion.js';
import { buildTransformer, REFERENCE_OPTIONS, referenceTask } from '../helpers/reference-model.js';
import { goldenBatches, trainingWithoutEnd } from '../training/toy-trainer.js';

const UPDATES = 3;
const devices = isAvailable().available ? (['cpu', 'wasm'] as const) : (['wasm'] as const);
const DROPOUT = { dropout: 0.3, attentionDropout: 0.2, activationDropout: 0.1 };
const PRE_NORM = { encoderNormalizeBefore: true, decoderNormalizeBefore: true };

/** The weights and the last gradient of a Transformer after some updates. */
async function train(device: 'cpu' | 'wasm', options: object, bfloat16 = false) {
  const { arenaKernels: kernels } = await openDevice(device, { threads: null, bfloat16 });
  const model = buildTransformer(referenceTask(), { ...REFERENCE_OPTIONS, ...DROPOUT, ...options });
  const trainer = new Trainer(
    {
      model,
      criterion: buildCriterion('encouraging'),
      optimizer: adam.build(selectOptions(adam.options, {}), model.parameters, kernels),
      lrScheduler: fixed.build(selectOptions(fixed.options, {}), [1e-3], trainingWithoutEnd),
      kernels,
    },
    { seed: 1, clipNorm: 0.1, sentenceAvg: false, ignorePrefixSize: 0 },
  );
  const batches = goldenBatches(2 * UPDATES, 400);
  for (let update = 0; update < UPDATES; update++) await trainer.step(batches.slice(2 * update, 2 * update + 2), 1);
  const values = model.parameters.values.slice();
  const gradient = model.parameters.gradients.slice();
  model.dispose();
  return { values, gradient };
}

describe.each(devices)('--checkpoint-activations on %s', (device) => {
  it.each([
    ['post-norm', {}],
    ['pre-norm', PRE_NORM],
  ])('does not change gradients and weights after several updates, %s', async (_, options) => {
    const plain = await train(device, options);
    const checkpointed = await train(device, { ...options, checkpointActivations: true });
    expect(checkpointed.gradient.some((value) => value !== 0)).toBe(true);
    expect(checkpointed.gradient).toEqual(plain.gradient);
    expect(checkpointed.values).toEqual(plain.values);
  });

  it.runIf(device === 'cpu')('changes no bit in bfloat16 either', async () => {
    const plain = await train(device, {}, true);
    expect(await train(device, { checkpointActivations: true }, true)).toEqual(plain);
  });
});

describe('gradients', () => {
  it('gives each input its own gradient when a gradient function returns dy twice', async () => {
    await tf.setBackend('cpu');
    const [a, b] = [tf.tensor1d([1, 2]), tf.tensor1d([3, 4])];
    const sum = tf.customGrad((x, y) => ({
      value: tf.add(x as tf.Tensor, y as tf.Tensor),
      gradFunc: (dy) => [dy, dy],
    }));
    const { grads } = gradients(() => tf.sum(sum(tf.square(a), tf.square(b))) as tf.Scalar, [a, b]);
    expect(grads.map((gradient) => [...gradient!.dataSync()])).toEqual([
      [2, 4],
      [6, 8],
    ]);
  });

  it('can run inside a gradient function, and leaves no tensor behind', async () => {
    await tf.setBackend('cpu');
    const x = tf.tensor1d([1, 2]);
    const before = tf.memory().numTensors;
    const cube = tf.customGrad((x, save) => {
      const value = x as tf.Tensor;
      (save as tf.GradSaveFunc)([value]);
      const compute = (saved: tf.Tensor): tf.Tensor => tf.mul(tf.square(saved), saved);
      return {
        value: compute(value),
        gradFunc: (dy, saved) => gradients(() => compute(saved[0]!), [saved[0]!], { dy }).grads[0]!,
      };
    });
    const { value, grads } = gradients(() => tf.sum(tf.square(cube(tf.square(x)))) as tf.Scalar, [x]);
    expect([...grads[0]!.dataSync()]).toEqual([12, 12 * 2 ** 11]); // d x¹² = 12 x¹¹
    tf.dispose([value, grads[0]!]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([
    { evaluation: 1, when: 'in the forward pass' },
    { evaluation: 2, when: 'in the backward pass' },
  ])('leaves no tensor behind when a checkpointed function fails $when', async ({ evaluation }) => {
    await tf.setBackend('cpu');
    const x = tf.tensor1d([1, 2]);
    const before = tf.memory().numTensors;
    let evaluations = 0;
    const failing = (y: tf.Tensor): tf.Tensor => {
      const square = tf.square(y);
      evaluations += 1;
      if (evaluations === evaluation) throw new Error('no memory');
      return tf.sin(square);
    };
    const loss = (): tf.Scalar => tf.sum(checkpoint([tf.exp(x)], [], (y) => failing(y!)));
    expect(() => gradients(loss, [x])).toThrow('no memory');
    expect(tf.memory().numTensors).toBe(before);
    expect(tf.engine().state.activeTape ?? null).toBe(null);
    const { value, grads } = gradients(loss, [x]); // the engine still works
    tf.dispose([value, grads[0]!]);
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
  });

  it('uses less memory than the whole tape and all gradients', async () => {
    await tf.setBackend('cpu');
    const x = tf.fill([1000], 0.5);
    let most = 0;
    const observed = tf.customGrad((x, save) => {
      (save as tf.GradSaveFunc)([x as tf.Tensor]);
      return {
        value: tf.sin(x as tf.Tensor),
        gradFunc: (dy, saved) => {
          most = Math.max(most, tf.memory().numBytes);
          return tf.tidy(() => tf.mul(dy, tf.cos(saved[0]!)));
        },
      };
    });
    const chain = (): tf.Scalar => {
      let y: tf.Tensor = x;
      for (let link = 0; link < 20; link++) y = observed(y);
      return tf.sum(y);
    };
    const before = tf.memory().numBytes;
    const plain = tf.engine().gradients(chain, [x]);
    const mostOfPlain = most - before;
    tf.dispose([plain.value, plain.grads]);
    most = 0;
    const early = gradients(chain, [x]);
    expect([...early.grads[0]!.dataSync()].every(Number.isFinite)).toBe(true);
    expect(most - before).toBeLessThan(0.7 * mostOfPlain);
    tf.dispose([early.value, early.grads[0]!, x]);
  });
});
