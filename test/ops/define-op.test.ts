import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { defineOp } from '../../src/ops/define-op.js';
import { gradients } from '../../src/ops/gradients.js';

/** y = 2 · x, and x² as a second output without a gradient, which the gradient kernel reads. */
const twice = defineOp<{ x: tf.Tensor }, Record<string, never>>({
  name: 'TwiceAndSquare',
  composite: ({ x }) => tf.mul(x, 2),
  gradient: {
    ...{ kernel: 'TwiceAndSquareGrad', saveInputs: [], outputs: ['y', 'square'], saveOutputs: ['square'] },
    gradients: ['x'],
  },
});

const KERNELS = ['TwiceAndSquare', 'TwiceAndSquareGrad'];

describe('an operation with two outputs', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
    const kernel = (kernelName: string, kernelFunc: (inputs: tf.NamedTensorInfoMap) => tf.TensorInfo[]): void =>
      tf.registerKernel({ kernelName, backendName: 'cpu', kernelFunc: ({ inputs }) => kernelFunc(inputs) });
    kernel(KERNELS[0]!, ({ x }) => [tf.mul(x as tf.Tensor, 2), tf.square(x as tf.Tensor)]);
    kernel(KERNELS[1]!, ({ dy, square }) => [tf.mul(dy as tf.Tensor, square as tf.Tensor)]); // shows what it reads
  });
  afterAll(() => {
    for (const name of KERNELS) tf.unregisterKernel(name, 'cpu');
  });

  it('creates no zeros for the gradient of the second one, which is not read', () => {
    const x = tf.tensor1d([3, 4, 5]);
    const create = vi.spyOn(tf.engine(), 'makeTensor');
    const { value, grads } = gradients(() => tf.sum(twice({ x }, {})), [x]);
    const created = create.mock.calls.map(([values]) => [...(values as Float32Array)]);
    expect(created).not.toContainEqual([0, 0, 0]);
    expect(created).toContainEqual([1, 1, 1]); // of the sum
    create.mockRestore();
    expect(value.dataSync()[0]).toBe(24);
    expect([...grads[0]!.dataSync()]).toEqual([9, 16, 25]);
  });
});
