import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { MersenneTwister } from '../../src/data/mersenne-twister.js';
import { portableArenaKernels } from '../../src/optim/arena-kernels.js';
import { TensorArenas } from '../../src/optim/tensor-arenas.js';

beforeAll(() => tf.setBackend('cpu'));

/** Random numbers around 0. */
function randoms(size: number, seed: number): Float32Array {
  const random = new MersenneTwister(seed);
  return Float32Array.from({ length: size }, () => random.random() - 0.5);
}

/** What the host has after everything that the device did. */
async function onHost(arenas: TensorArenas, arena: Float32Array): Promise<number[]> {
  await arenas.toHost([arena]);
  return [...arena];
}

const expectClose = (actual: readonly number[], expected: Iterable<number>): void => {
  const all = [...expected];
  expect(actual.length).toBe(all.length);
  for (const [index, value] of actual.entries()) expect(value).toBeCloseTo(all[index]!, 5);
};

describe('arenas as tensors', () => {
  it('step as the portable kernels do', async () => {
    const scalars = { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, stepSize: 0.01, decay: 1e-3 };
    const [ours, theirs] = [1, 2].map(() => [1, 2, 3, 4].map((seed) => randoms(50, seed).map(Math.abs)));
    const arenas = new TensorArenas();
    for (let step = 0; step < 3; step++) {
      arenas.kernels.scale(ours![1]!, 0.5);
      portableArenaKernels.scale(theirs![1]!, 0.5);
      arenas.kernels.adamStep(ours![0]!, ours![1]!, ours![2]!, ours![3]!, scalars);
      portableArenaKernels.adamStep(theirs![0]!, theirs![1]!, theirs![2]!, theirs![3]!, scalars);
    }
    for (const [index, arena] of ours!.entries()) expectClose(await onHost(arenas, arena), theirs![index]!);
    arenas.release(ours!);
  });

  it('add tensors to their parts, in any order, and leave the elements between them', async () => {
    const arena = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const arenas = new TensorArenas();
    const parts = [arena.subarray(5, 7), arena.subarray(1, 3)];
    const xs = [tf.tensor2d([[10, 20]]), tf.tensor1d([0.5, 0.25])];
    await arenas.kernels.addTensors(parts, xs);
    expect(arenas.isNewer(arena)).toBe(true);
    expect(await onHost(arenas, arena)).toEqual([1, 2.5, 3.25, 4, 5, 16, 27, 8]);
    expect(arenas.isNewer(arena)).toBe(false);
    tf.dispose(xs);
    arenas.release([arena]);
  });

  it('count as zeros after a pass that overwrites them', async () => {
    const arena = Float32Array.of(1, 2, 3);
    const arenas = new TensorArenas();
    const tensor = tf.tensor1d([4]);
    const targets = [{ tensor, gradient: arena.subarray(0, 1) }];
    const result = arenas.kernels.collectGradients(targets, () => 'result', { overwrite: true });
    expect(result).toBe('result');
    await arenas.kernels.addTensors([arena.subarray(0, 1)], [tensor]);
    expect(await onHost(arenas, arena)).toEqual([4, 0, 0]);
    arenas.kernels.collectGradients(targets, () => null, { overwrite: true });
    expect(await arenas.squaredNorm(arena)).toBe(0);
    expect(await onHost(arenas, arena)).toEqual([0, 0, 0]);
    tensor.dispose();
    arenas.release([arena]);
  });

  it('sum the squares of a part', async () => {
    const arena = Float32Array.of(1, 2, 3, 4);
    const arenas = new TensorArenas();
    expect(await arenas.squaredNorm(arena)).toBe(30);
    expect(await arenas.squaredNorm(arena.subarray(1, 3))).toBe(13);
    arenas.release([arena]);
  });

  it('give a part as a tensor of its shape, with what the host changed before', () => {
    const arena = Float32Array.of(1, 2, 3, 4, 5);
    const arenas = new TensorArenas();
    const read = () => tf.tidy(() => arenas.tensor(arena.subarray(1, 5), [2, 2]).arraySync());
    expect(read()).toEqual([
      [2, 3],
      [4, 5],
    ]);
    arena[4] = 6;
    arenas.hostChanged([arena]);
    expect(read()).toEqual([
      [2, 3],
      [4, 6],
    ]);
    arenas.release([arena]);
  });

  it('refuse changes by the host to what the device has changed', () => {
    const arena = Float32Array.of(1);
    const arenas = new TensorArenas();
    arenas.kernels.scale(arena, 2);
    expect(() => arenas.hostChanged([arena])).toThrow('the host changes an outdated arena');
    arenas.release([arena]);
  });

  it('have one tensor each, and none after their release', async () => {
    const before = tf.memory().numTensors;
    const names = [1, 2, 3, 4].map((seed) => randoms(8, seed).map(Math.abs));
    const [values, gradients, first, second] = names as [Float32Array, Float32Array, Float32Array, Float32Array];
    const arenas = new TensorArenas();
    const scalars = { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, stepSize: 0.01, decay: 0 };
    for (let step = 0; step < 3; step++) {
      arenas.kernels.collectGradients([{ tensor: tf.scalar(0), gradient: gradients }], () => null, { overwrite: true });
      const x = tf.ones([8]);
      await arenas.kernels.addTensors([gradients], [x]);
      x.dispose();
      await arenas.squaredNorm(gradients);
      arenas.kernels.adamStep(values, gradients, first, second, scalars);
    }
    expect(tf.memory().numTensors - before - 3).toBe(4); // 3: the scalars of this test
    arenas.release(names);
    expect(tf.memory().numTensors - before - 3).toBe(0);
  });
});
