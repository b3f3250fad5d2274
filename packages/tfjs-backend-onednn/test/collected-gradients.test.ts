import * as tf from '@tensorflow/tfjs';
import { addTensor, collectGradients } from 'tfjs-backend-onednn';
import { describe, expect, test } from 'vitest';
import { checkpoint } from '../../../src/ops/activation-checkpoint.js';
import { embedding } from '../../../src/ops/embedding.js';
import { gradients } from '../../../src/ops/gradients.js';
import { dropoutAddLayerNorm, layerNorm } from '../../../src/ops/layer-norm.js';
import { linear } from '../../../src/ops/linear.js';
import { classifierScores } from '../../../src/ops/row-scores.js';
import type { OneDnnBackend } from '../src/backend.js';
import { difference, uniform } from './compare.js';

const EMBED = 8;
const ROWS = 5;
const SHAPES = { weight: [EMBED, EMBED], bias: [EMBED], gain: [EMBED], table: [20, EMBED], flat: [EMBED * EMBED] };
type Name = keyof typeof SHAPES;
const NAMES = Object.keys(SHAPES) as Name[];

/** The parameters and the other inputs of a loss. */
interface Step {
  readonly weight: tf.Tensor2D;
  readonly bias: tf.Tensor1D;
  readonly gain: tf.Tensor1D;
  readonly table: tf.Tensor2D;
  readonly flat: tf.Tensor1D;
  readonly x: tf.Tensor2D; // float32 [rows, embed]
}

const random = (shape: number[], seed: number): tf.Tensor => tf.tensor(uniform(shape, seed), shape);

/** The same tensor with its gradient multiplied by a factor. */
const scaled = <T extends tf.Tensor>(x: T, factor: number): T =>
  tf.customGrad((given) => ({
    value: tf.clone(given as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => tf.mul(dy, factor),
  }))(x) as T;

/** Embeddings of five tokens, the last of which is given. */
const tokens = (table: tf.Tensor2D, last: number): tf.Tensor2D =>
  embedding(tf.tensor1d([2, 4, 4, 19, last], 'int32'), table, tf.zeros([ROWS], 'int32'), tf.zeros(table.shape), {
    scale: 1.5,
    padIndex: 1,
    trainPositions: false,
  });

const classify = (features: tf.Tensor2D, weights: tf.Tensor2D): tf.Tensor1D =>
  classifierScores({ features, weights }, tf.tensor1d([3, 0, 7, 19, 3], 'int32')).statistics().targetLogProb;

const layer = ({ weight, bias }: Step, x: tf.Tensor): tf.Tensor2D => linear(x as tf.Tensor2D, weight, bias, 'relu');

const checkpointed = (step: Step, x: tf.Tensor): tf.Tensor2D =>
  checkpoint([x], [step.weight, step.bias], (input) => layer(step, input!));

/** A layer whose gradient function differentiates by the parameters themselves and halves one of the gradients. */
const halvedInside = ({ weight, bias }: Step, x: tf.Tensor): tf.Tensor =>
  tf.customGrad((...given) => {
    const save = given.at(-1) as unknown as tf.GradSaveFunc;
    save([x]);
    return {
      value: linear(x, weight, bias),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const inputs = [saved[0]!, weight, bias];
        const { value, grads } = gradients(() => linear(saved[0]!, weight, bias), inputs, { dy });
        value.dispose();
        return [grads[0]!, tf.mul(grads[1]!, 0.5), grads[2]!];
      },
    };
  })(x, weight, bias);

/**
 * The tensor whose squares a loss sums in a training step; `collected` are the parameters without a separate gradient.
 */
const cases: {
  readonly title: string;
  readonly output: (step: Step) => tf.Tensor;
  readonly collected?: readonly Name[];
}[] = [
  { title: 'a layer', output: (step) => layer(step, step.x), collected: ['weight', 'bias'] },
  ...[1, 0.5, 0].map((factor) => ({
    title: `a weight whose gradient is scaled by ${factor}`,
    output: ({ x, weight, bias }: Step) => linear(x, scaled(weight, factor), bias),
    collected: ['bias'] as const,
  })),
  {
    title: 'a normalisation with a gain whose gradient is halved',
    output: ({ x, gain, bias }) => layerNorm(x, scaled(gain, 0.5), bias),
    collected: ['bias'],
  },
  {
    title: 'a table whose gradient is halved',
    output: (step) => tokens(scaled(step.table, 0.5), 3),
  },
  {
    title: 'a classifier whose gradient is halved',
    output: (step) => classify(step.x, scaled(step.table, 0.5)),
  },
  {
    title: 'a weight that is used as it is and with half its gradient',
    output: (step) => linear(layer(step, step.x), scaled(step.weight, 0.5), step.bias),
    collected: ['bias'],
  },
  { title: 'a weight through a clone', output: ({ x, weight, bias }) => linear(x, tf.clone(weight), bias) },
  {
    title: 'a weight through a reshape',
    output: ({ x, flat, bias }) => linear(x, tf.reshape(flat, [EMBED, EMBED]), bias),
    collected: ['bias'],
  },
  {
    title: 'a table that embeds twice and classifies',
    output: (step) => classify(tf.add(layer(step, tokens(step.table, 3)), tokens(step.table, 4)), step.table),
    collected: ['table', 'weight', 'bias'],
  },
  {
    title: 'a table that classifies and is read as logits',
    output: (step) => tf.add(classify(step.x, step.table), tf.logSumExp(tf.matMul(step.x, step.table, false, true), 1)),
  },
  {
    title: 'checkpointed layers',
    output: (step) => checkpointed(step, checkpointed(step, step.x)),
    collected: ['weight', 'bias'],
  },
  {
    title: 'a checkpointed layer within a checkpointed function',
    output: (step) => checkpoint([step.x], [step.weight, step.bias], (x) => checkpointed(step, tf.square(x!))),
    collected: ['weight', 'bias'],
  },
  {
    title: 'a checkpointed layer that halves the gradient of its weight',
    output: ({ x, weight, bias }) =>
      checkpoint([x], [weight, bias], (input) => linear(input as tf.Tensor2D, scaled(weight, 0.5), bias)),
    collected: ['bias'],
  },
  {
    title: 'a checkpointed layer of a weight with half its gradient',
    output: ({ x, weight, bias }) =>
      checkpoint([x, scaled(weight, 0.5)], [bias], (...inputs) => {
        return linear(inputs[0] as tf.Tensor2D, inputs[1] as tf.Tensor2D, bias);
      }),
    collected: ['bias'],
  },
  {
    title: 'a checkpointed layer that names no parameter',
    output: (step) =>
      tf.add(
        checkpoint([tf.mul(step.x, step.gain)], [], (x) => layer(step, x!)),
        step.bias,
      ),
  },
  {
    title: 'a checkpointed function that gives its input up',
    output: ({ x, gain, bias }) =>
      checkpoint([tf.mul(x, 2)], [gain, bias], (input) =>
        dropoutAddLayerNorm(input!, random([ROWS, EMBED], 12), gain, bias, { dropout: null, takesOver: true }),
      ),
    collected: ['gain', 'bias'],
  },
  { title: 'a gradient function that takes a gradient', output: (step) => halvedInside(step, step.x) },
  {
    title: 'a layer after the gradient of another by its input (tf.grad)',
    output: (step) => {
      tf.grad((x) => tf.sum(layer(step, x)))(step.x);
      return layer(step, step.x);
    },
    collected: ['weight', 'bias'],
  },
  {
    title: 'a layer after the gradient of another by its input (gradients)',
    output: (step) => {
      gradients(() => tf.sum(layer(step, step.x)), [step.x]);
      return layer(step, step.x);
    },
    collected: ['weight', 'bias'],
  },
  {
    title: 'a layer after the gradient of another by its weight',
    output: (step) => {
      tf.grad((weight) => tf.sum(linear(step.x, weight as tf.Tensor2D, step.bias)))(step.weight);
      gradients(() => tf.sum(layer(step, step.x)), [step.weight, step.bias]);
      return layer(step, step.x);
    },
    collected: ['weight', 'bias'],
  },
  {
    title: 'a layer after the gradient of a checkpointed one by its input',
    output: (step) => {
      tf.grad((x) => tf.sum(checkpointed(step, x)))(step.x);
      gradients(() => tf.sum(checkpointed(step, step.x)), [step.x]);
      return checkpointed(step, step.x);
    },
    collected: ['weight', 'bias'],
  },
  {
    title: 'a function whose value and gradient were taken (tf.valueAndGrad)',
    output: (step) => tf.valueAndGrad((x) => tf.sum(classify(layer(step, x), step.table)))(step.x).value,
    collected: ['weight', 'bias', 'table'],
  },
  {
    title: 'a function whose value and gradient were taken (gradients)',
    output: (step) => gradients(() => tf.sum(classify(layer(step, step.x), step.table)), [step.x]).value,
  },
  {
    title: 'a perturbed input, its direction read from an inner gradient',
    output: (step) => {
      const direction = tf.grad((x) => tf.sum(classify(layer(step, x), step.table)))(step.x);
      const moved = tf.add(step.x, tf.tensor2d(direction.dataSync() as Float32Array, [ROWS, EMBED]));
      return classify(layer(step, moved), step.table);
    },
    collected: ['weight', 'bias', 'table'],
  },
];

const makeStep = (): Step =>
  Object.fromEntries([
    ...NAMES.map((name, seed) => [name, random(SHAPES[name], seed + 1)]),
    ['x', random([ROWS, EMBED], 9)],
  ]) as unknown as Step;

const loss = (output: tf.Tensor): tf.Scalar => tf.sum(tf.square(output));

/** The gradients of all parameters in plain JavaScript; zeros for parameters without one. */
function plainGradients(output: (step: Step) => tf.Tensor): Float32Array[] {
  return tf.tidy(() => {
    const step = makeStep();
    const { grads } = tf.engine().gradients(
      () => loss(output(step)),
      NAMES.map((name) => step[name]),
    );
    return NAMES.map((name, index) => {
      const values = (grads[index] as tf.Tensor | undefined)?.dataSync() as Float32Array | undefined;
      return values ?? new Float32Array(step[name].size);
    });
  });
}

/** The same, computed like the trainer, and the parameters for which tfjs had a gradient tensor with values. */
function collectedGradients(output: (step: Step) => tf.Tensor): { arrays: Float32Array[]; tensors: Name[] } {
  return tf.tidy(() => {
    const step = makeStep();
    const arena = new Float32Array(NAMES.reduce((sum, name) => sum + step[name].size, 0)).fill(Number.NaN);
    let offset = 0;
    const targets = NAMES.map((name) => {
      const gradient = arena.subarray(offset, offset + step[name].size);
      offset += gradient.length;
      return { tensor: step[name], gradient };
    });
    const parameters = targets.map(({ tensor }) => tensor);
    const { grads } = collectGradients(targets, () => gradients(() => loss(output(step)), parameters), {
      overwrite: true,
    });
    const backend = tf.backend() as unknown as OneDnnBackend;
    const tensors = NAMES.filter((_, index) => grads[index] !== null && !backend.isZeros(grads[index]!));
    grads.forEach((tensor, index) => {
      if (tensor !== null) addTensor(targets[index]!.gradient, tensor);
    });
    return { arrays: targets.map(({ gradient }) => gradient), tensors };
  });
}

describe('a training step', () => {
  test.each(cases)('has the gradients of the tape for $title', async ({ output, collected = [] }) => {
    await tf.setBackend('cpu');
    const expected = plainGradients(output);
    await tf.setBackend('onednn');
    const { numTensors } = tf.memory();
    const { inUse } = (tf.backend() as unknown as OneDnnBackend).poolBytes;
    const { arrays, tensors } = collectedGradients(output);
    for (const [index, array] of arrays.entries()) expect(difference(array, expected[index]!)).toBeLessThan(1e-5);
    for (const name of collected) expect(tensors).not.toContain(name);
    expect(tf.memory().numTensors).toBe(numTensors);
    expect((tf.backend() as unknown as OneDnnBackend).poolBytes.inUse).toBe(inUse);
  });
});
