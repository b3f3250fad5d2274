import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { portableArenaKernels as kernels } from '../../src/optim/arena-kernels.js';

describe('the portable arena kernels', () => {
  it('sum squares in float64, where float32 would lose the small ones', () => {
    const x = new Float32Array(1 + 1024).fill(1e-5);
    x[0] = 1;
    expect(kernels.squaredNorm(x) - 1).toBeCloseTo(1024 * Math.fround(1e-5) ** 2, 12);
  });

  it('scale in place and round each product to float32', () => {
    const x = Float32Array.of(3, -0.1);
    kernels.scale(x, 1 / 3);
    expect([...x]).toEqual([Math.fround(3 * (1 / 3)), Math.fround(Math.fround(-0.1) * (1 / 3))]);
  });

  it('add a tensor element by element', async () => {
    await tf.setBackend('cpu');
    const sum = Float32Array.of(1, 2);
    const tensor = tf.tensor1d([0.5, -2]);
    await kernels.addTensors([sum], [tensor]);
    tensor.dispose();
    expect([...sum]).toEqual([1.5, 0]);
  });
});
