import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CudaBackend, Statistics } from '../src/backend.js';
import { OutOfDeviceMemory } from '../src/pool.js';
import { useCuda } from './helpers/backends.js';

let backend: CudaBackend;
beforeAll(async () => {
  backend = await useCuda();
});
beforeEach(() => tf.engine().startScope());
afterEach(() => {
  tf.engine().endScope();
  delete process.env.EMULATED_CUDA_MEMORY;
});

/** What `work` launched and moved. */
function traffic(work: () => void): Omit<Statistics, 'borrowed' | 'widened'> {
  const before = backend.statistics;
  work();
  const after = backend.statistics;
  return {
    launches: after.launches - before.launches,
    uploads: after.uploads - before.uploads,
    downloads: after.downloads - before.downloads,
  };
}

describe('the values of a tensor', () => {
  test('go to the device when a kernel first needs them, once, and back when they are read', () => {
    const x = tf.tensor1d([1, 2, 3]);
    let y!: tf.Tensor;
    expect(traffic(() => tf.reshape(x, [3, 1]))).toEqual({ launches: 0, uploads: 0, downloads: 0 });
    expect(
      traffic(() => {
        y = tf.exp(tf.square(x));
      }),
    ).toEqual({ launches: 2, uploads: 1, downloads: 0 });
    expect(
      traffic(() => {
        y = tf.add(x, y);
      }),
    ).toEqual({ launches: 1, uploads: 0, downloads: 0 });
    expect(traffic(() => x.dataSync())).toEqual({ launches: 0, uploads: 0, downloads: 0 });
    expect(traffic(() => y.dataSync())).toEqual({ launches: 0, uploads: 0, downloads: 1 });
  });

  test('stay on both sides after the host has computed with them', () => {
    const x = tf.neg(tf.tensor1d([3, 1, 2]));
    const calls = backend.statistics.borrowed.get('Cumsum') ?? 0;
    let sums!: tf.Tensor;
    expect(
      traffic(() => {
        sums = tf.cumsum(x);
      }),
    ).toEqual({ launches: 0, uploads: 0, downloads: 1 });
    expect(backend.statistics.borrowed.get('Cumsum')).toBe(calls + 1);
    expect(traffic(() => tf.cumsum(x))).toEqual({ launches: 0, uploads: 0, downloads: 0 });
    expect(traffic(() => sums.dataSync())).toEqual({ launches: 0, uploads: 0, downloads: 0 });
    expect([...sums.dataSync()]).toEqual([-3, -4, -6]);
    expect(traffic(() => tf.add(x, sums))).toEqual({ launches: 1, uploads: 1, downloads: 0 });
  });

  test('that are read belong to the reader', () => {
    const x = tf.neg(tf.tensor1d([1, 2]));
    x.dataSync()[0] = 99;
    tf.cumsum(x);
    x.dataSync()[0] = 99;
    expect([...x.dataSync()]).toEqual([-1, -2]);
  });

  test('are read again after a kernel has overwritten them', () => {
    const x = tf.neg(tf.tensor1d([1, 2]));
    tf.cumsum(x); // the host has a copy
    backend.driver.fill({ address: backend.address(x), word: 0, count: 2 });
    backend.overwritten(x);
    expect([...x.dataSync()]).toEqual([0, 0]);
  });

  test('that tfjs-backend-cpu cast without a copy are converted for the device', () => {
    const ids = tf.tensor1d([1, 2, 3], 'int32');
    const info = { dataId: ids.dataId, shape: [3], dtype: 'float32' as const };
    backend.incRef(ids.dataId);
    const floats = tf.engine().makeTensorFromTensorInfo(info);
    const { inUse } = backend.poolBytes;
    expect(tf.tidy(() => [...tf.mul(floats, 0.5).dataSync()])).toEqual([0.5, 1, 1.5]);
    tf.dispose([ids, floats]);
    expect(backend.poolBytes.inUse).toBe(inUse);
  });

  test('can be read although the tensor is disposed in the meantime', async () => {
    const x = tf.neg(tf.tensor1d([1, 2]));
    const values = x.data();
    x.dispose();
    expect([...(await values)]).toEqual([-1, -2]);
  });

  test('of strings and complex numbers stay on the host', () => {
    expect(tf.tensor1d(['a', 'ü']).dataSync()).toEqual(['a', 'ü']);
    const z = tf.complex([1, 2], tf.neg(tf.tensor1d([3, 4])));
    expect([...tf.mul(z, z).dataSync()]).toEqual([-8, -6, -12, -16]);
  });
});

describe('the memory of the device', () => {
  test('is given back and stays flat over rounds of work', () => {
    const round = (): void => {
      tf.tidy(() => {
        const x = tf.tensor2d(new Float32Array(30_000).fill(0.5), [300, 100]);
        const loss = (v: tf.Tensor): tf.Scalar => tf.sum(tf.mul(tf.softmax(tf.tanh(v)), tf.cumsum(v, 1)));
        tf.grad(loss)(x).dataSync();
      });
    };
    const { inUse } = backend.poolBytes;
    round();
    const { reserved, mostInUse } = backend.poolBytes;
    for (let i = 0; i < 5; i++) round();
    expect(backend.poolBytes).toEqual({ inUse, reserved, mostInUse });
    const { numBytesInGPU } = tf.memory() as unknown as { numBytesInGPU: number };
    expect(numBytesInGPU).toBe(inUse);
  });

  test('that does not suffice is an error which leaves nothing behind, and later work succeeds', () => {
    const x = tf.neg(tf.zeros([100]));
    const { inUse, reserved } = backend.poolBytes;
    process.env.EMULATED_CUDA_MEMORY = String(reserved + 2 ** 20);
    const held = tf.memory().numDataBuffers;
    expect(() => tf.tile(x, [10_000_000])).toThrow(OutOfDeviceMemory);
    expect(() => tf.tile(x, [10_000_000])).toThrow(/^out of GPU memory: 3814\.7 MiB for a tensor beside /);
    expect(tf.memory().numDataBuffers).toBe(held);
    expect(backend.poolBytes.inUse).toBe(inUse);
    expect(tf.sum(tf.tile(tf.onesLike(x), [10])).dataSync()[0]).toBe(1000);
  });
});

test('the time of kernels is measured on the device', async () => {
  const { kernelMs } = await backend.time(() => tf.neg(tf.zeros([1000])));
  expect(kernelMs).toBeGreaterThanOrEqual(0);
});
